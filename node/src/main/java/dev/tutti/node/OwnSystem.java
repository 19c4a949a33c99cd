package dev.tutti.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.v1.Role;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.remote.RemoteTransportException;

/** An actor system of the node's own, a member of the cluster. Other nodes of this process may use it: see {@link SharedSystem}. */
final class OwnSystem implements NodeSystem {
    private static final String NAME = "tutti";
    /** Those of this process, by address. */
    private static final Map<String, OwnSystem> RUNNING = new ConcurrentHashMap<>();

    private static final int FAILED = 1;
    private static final int UNREACHABLE = 4;
    private static final Duration TERMINATION_PATIENCE = Duration.ofSeconds(5);

    private final NodeConfig config;
    private final ActorSystem classic;
    private final Cluster cluster;
    private final CompletableFuture<Void> up = new CompletableFuture<>();
    /** Of nodes that use this system, too. */
    private final Set<Consumer<String>> guests = ConcurrentHashMap.newKeySet();

    private volatile boolean joined;

    OwnSystem(NodeConfig config) throws LaunchException {
        this.config = config;
        try {
            classic = ActorSystem.create(NAME, pekko(config), OwnSystem.class.getClassLoader());
        } catch (RemoteTransportException e) {
            throw PortTaken.failure(config.bindHost(), config.cluster().port(), "tutti.cluster.port", e);
        } catch (Exception e) {
            // Scala declares no checked exceptions, and throws some.
            throw new LaunchException(FAILED, "the actor system does not start: " + e, e);
        }
        cluster = Cluster.get(classic);
        RUNNING.put(address(), this);
        classic.registerOnTermination(this::ended);
    }

    /** The one of this process that has this cluster address, if there is any. */
    static Optional<OwnSystem> at(String address) {
        return Optional.ofNullable(RUNNING.get(address));
    }

    private static Config pekko(NodeConfig config) {
        Map<String, Object> own = Map.of(
                "pekko.remote.artery.canonical.hostname",
                config.host(),
                "pekko.remote.artery.canonical.port",
                config.cluster().port(),
                "pekko.remote.artery.bind.hostname",
                config.bindHost(),
                "pekko.cluster.roles",
                List.of(config.roleName()),
                DownUnreachable.SILENCE_TIMEOUT,
                config.cluster().silenceTimeout(),
                "pekko.cluster.failure-detector.acceptable-heartbeat-pause",
                config.cluster().heartbeatPause());
        ClassLoader loader = OwnSystem.class.getClassLoader();
        return ConfigFactory.parseMap(own, "node")
                .withFallback(ConfigFactory.parseResources(loader, "tutti-pekko.conf"))
                .withFallback(ConfigFactory.defaultReference(loader))
                .resolve();
    }

    @Override
    public org.apache.pekko.actor.typed.ActorSystem<?> typed() {
        return Adapter.toTyped(classic);
    }

    @Override
    public String address() {
        return hostPort(cluster.selfAddress());
    }

    /** Role and address, for people. */
    static String describe(Member member) {
        return String.join(
                        "+",
                        member.getRoles().stream()
                                .filter(role -> !role.startsWith("dc-"))
                                .toList()) + " at " + hostPort(member.address());
    }

    @Override
    public <T> ActorRef<T> spawn(Behavior<T> behavior, String name) {
        return Adapter.spawn(classic, behavior, name);
    }

    private void ended() {
        RUNNING.remove(address(), this);
        guests.forEach(guest -> guest.accept("the actor system of " + config.member() + ", which it used, has ended"));
    }

    /** @param lost gets one sentence when this system has ended */
    void addGuest(Consumer<String> lost) {
        guests.add(lost);
    }

    void removeGuest(Consumer<String> lost) {
        guests.remove(lost);
    }

    /** Soon; without effect on one that has stopped. */
    void stop(ActorRef<?> actor) {
        classic.stop(Adapter.toClassic(actor));
    }

    @Override
    public void onLoss(Consumer<String> lost) {
        onTermination(lost);
        Optional<KnownMembers> memory = memory();
        Consumer<Set<String>> remember = others -> memory.ifPresent(known -> known.write(others));
        classic.actorOf(MemberEvents.props(remember, lost), "member-events");
    }

    private void onTermination(Consumer<String> ended) {
        classic.registerOnTermination(() ->
                ended.accept("the actor system of " + config.member() + " ended by itself; see the log before this"));
    }

    /** A coordinator with an address of its own, known beforehand, remembers the others. */
    private Optional<KnownMembers> memory() {
        int port = config.cluster().port();
        return config.role() == Role.ROLE_COORDINATOR && port != 0
                ? Optional.of(new KnownMembers(config.state().folder(), port))
                : Optional.empty();
    }

    static String hostPort(Address address) {
        return address.getHost().orElse("?") + ":" + address.getPort().orElse(0);
    }

    @Override
    public boolean isMember() {
        return joined && !cluster.isTerminated();
    }

    @Override
    public void join() throws LaunchException {
        List<String> seeds = Seeds.of(
                config,
                address(),
                memory().map(KnownMembers::read).orElse(List.of()),
                other -> Knock.isRefused(other.host(), other.port()));
        cluster.registerOnMemberUp(() -> up.complete(null));
        cluster.joinSeedNodes(seeds.stream().map(this::seedAddress).toList());
        Duration timeout = config.cluster().joinTimeout();
        try {
            up.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            joined = true;
        } catch (TimeoutException e) {
            throw new LaunchException(
                    UNREACHABLE,
                    "no coordinator answered at " + String.join(", ", seeds) + " within " + timeout.toSeconds()
                            + " s; start one, or set tutti.cluster.seeds to its cluster address",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LaunchException(FAILED, "interrupted while joining the cluster", e);
        } catch (ExecutionException e) {
            throw new LaunchException(
                    UNREACHABLE,
                    String.valueOf(Objects.requireNonNullElse(e.getCause(), e).getMessage()),
                    e);
        }
    }

    @Override
    public void giveUpJoining(Throwable cause) {
        up.completeExceptionally(cause);
    }

    private Address seedAddress(String seed) {
        HostPort address = HostPort.parse(seed)
                .orElseThrow(() -> new IllegalArgumentException("expected host:port as a seed, got " + seed));
        return new Address("pekko", NAME, address.host(), address.port());
    }

    @Override
    public void leave(Duration patience) {
        if (patience.isPositive() && isMember()) {
            CompletableFuture<Void> removed = new CompletableFuture<>();
            cluster.registerOnMemberRemoved(() -> removed.complete(null));
            cluster.leave(cluster.selfAddress());
            await(removed, patience);
        }
        classic.terminate();
        await(classic.getWhenTerminated().toCompletableFuture(), TERMINATION_PATIENCE);
    }

    private static void await(CompletableFuture<?> future, Duration patience) {
        try {
            future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException _) {
            // The others find out by themselves: see DownUnreachable.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
