package dev.tutti.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.tutti.proto.launch.LaunchException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.remote.RemoteTransportException;

/** A node's actor system, and its way into the cluster and out of it. */
final class NodeSystem {
    static final String NAME = "tutti";
    private static final int FAILED = 1;
    private static final int UNREACHABLE = 4;
    private static final Duration TERMINATION_PATIENCE = Duration.ofSeconds(5);

    private final NodeConfig config;
    private final ActorSystem classic;
    private final Cluster cluster;
    private final CompletableFuture<Void> up = new CompletableFuture<>();
    private volatile boolean joined;

    NodeSystem(NodeConfig config) throws LaunchException {
        this.config = config;
        try {
            classic = ActorSystem.create(NAME, pekko(config), NodeSystem.class.getClassLoader());
        } catch (RemoteTransportException e) {
            throw PortTaken.failure(config.bindHost(), config.cluster().port(), "tutti.cluster.port", e);
        } catch (Exception e) {
            // Scala declares no checked exceptions, and throws some.
            throw new LaunchException(FAILED, "the actor system does not start: " + e, e);
        }
        cluster = Cluster.get(classic);
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
        ClassLoader loader = NodeSystem.class.getClassLoader();
        return ConfigFactory.parseMap(own, "node")
                .withFallback(ConfigFactory.parseResources(loader, "tutti-pekko.conf"))
                .withFallback(ConfigFactory.defaultReference(loader))
                .resolve();
    }

    org.apache.pekko.actor.typed.ActorSystem<?> typed() {
        return Adapter.toTyped(classic);
    }

    /** host:port, as it stands in other nodes' seeds. */
    String address() {
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

    /** Starts telling of members, as {@link MemberEvents} does. */
    void watchMembers(Consumer<Set<String>> othersChanged, Consumer<String> thrownOut) {
        classic.actorOf(MemberEvents.props(othersChanged, thrownOut), "member-events");
    }

    void onTermination(Runnable action) {
        classic.registerOnTermination(action);
    }

    static String hostPort(Address address) {
        return address.getHost().orElse("?") + ":" + address.getPort().orElse(0);
    }

    boolean isMember() {
        return joined && !cluster.isTerminated();
    }

    /**
     * Returns once this node is a member.
     *
     * @throws LaunchException with exit code 4, naming the seeds, if it takes too long
     */
    void join(List<String> seeds) throws LaunchException {
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

    /** Nobody waits any longer for this node to become a member. */
    void giveUpJoining(Throwable cause) {
        up.completeExceptionally(cause);
    }

    private Address seedAddress(String seed) {
        HostPort address = HostPort.parse(seed)
                .orElseThrow(() -> new IllegalArgumentException("expected host:port as a seed, got " + seed));
        return new Address("pekko", NAME, address.host(), address.port());
    }

    /**
     * Leaves in order if the others let it within the time given, and ends the actor system in any case.
     *
     * @param patience zero: does not even try
     */
    void leave(Duration patience) {
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
