package dev.tutti.node;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RunningRole;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One role in this process: actor system, cluster membership, gRPC server, management port, and the component that does the
 * work. Several nodes may share a JVM, and an actor system, too: see {@link NodeSystem}. They share nothing else.
 *
 * <p>Start: actor system, management port, component, gRPC server, cluster, {@link RoleComponent#joined()}; from then on
 * {@code /readyz} says yes. Stop: component, gRPC server, cluster, actor system, management port. Thread-safe.
 */
public final class Node implements RunningRole {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final Duration LEAVE_PATIENCE = Duration.ofSeconds(5);

    private final NodeConfig config;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final AtomicBoolean stopping = new AtomicBoolean();
    private volatile @Nullable NodeMetrics metrics;
    private volatile @Nullable NodeSystem system;
    private volatile @Nullable ManagementServer management;
    private volatile @Nullable RoleComponent component;
    private volatile @Nullable GrpcEndpoint grpc;
    private volatile boolean ready;
    private volatile boolean lost;

    private Node(NodeConfig config) {
        this.config = config;
    }

    /**
     * Starts a role and returns once it is a member of the cluster.
     *
     * @param role builds the component; called before the node joins
     * @throws LaunchException 2: a port is taken; 4: no coordinator could be reached in time. Nothing is left running.
     */
    public static Node start(NodeConfig config, Function<NodeContext, RoleComponent> role) throws LaunchException {
        LOG.info("starting {}", config);
        Node node = new Node(config);
        boolean started = false;
        try {
            node.boot(role);
            started = true;
        } finally {
            if (!started) {
                node.close();
            }
        }
        LOG.debug(
                "{} is ready: cluster {}, gRPC {}, management {}",
                node.member(),
                node.clusterAddress(),
                node.grpcAddress().isEmpty() ? "none" : node.grpcAddress(),
                node.managementUrl());
        return node;
    }

    private void boot(Function<NodeContext, RoleComponent> role) throws LaunchException {
        NodeMetrics nodeMetrics = new NodeMetrics(config);
        metrics = nodeMetrics;
        NodeSystem nodeSystem = NodeSystem.of(config);
        system = nodeSystem;
        management = new ManagementServer(config, this::readiness, nodeMetrics::scrape);
        RoleComponent built = role.apply(new NodeContext(this, nodeSystem, nodeMetrics.registry()));
        component = built;
        if (!built.services().isEmpty()) {
            grpc = new GrpcEndpoint(config, built.services(), built.tracers());
        }
        nodeSystem.onLoss(this::lost);
        nodeSystem.join();
        built.joined();
        ready = true;
    }

    private List<ReadinessCheck> readiness() {
        List<ReadinessCheck> checks = new ArrayList<>();
        checks.add(new ReadinessCheck("started", () -> ready && !stopping.get()));
        NodeSystem current = system;
        checks.add(new ReadinessCheck("cluster membership", () -> current != null && current.isMember()));
        RoleComponent built = component;
        if (built != null) {
            checks.addAll(built.readiness());
        }
        return checks;
    }

    NodeConfig config() {
        return config;
    }

    @Override
    public String member() {
        return config.member();
    }

    @Override
    public String clusterAddress() {
        NodeSystem current = system;
        return current == null ? "" : current.address();
    }

    @Override
    public String grpcAddress() {
        GrpcEndpoint current = grpc;
        return current == null ? "" : config.host() + ":" + current.port();
    }

    String boundGrpcEndpoint() {
        RoleComponent built = component;
        if (built == null || (grpc == null && !built.services().isEmpty())) {
            throw new IllegalStateException(
                    "the gRPC server of " + member() + " is not bound yet; ask from joined() on");
        }
        return grpcAddress();
    }

    /** The Unix domain socket of the gRPC server; empty for none. */
    String grpcSocket() {
        GrpcEndpoint current = grpc;
        return current == null ? "" : current.socket();
    }

    @Override
    public String managementUrl() {
        ManagementServer current = management;
        return current == null ? "" : "http://" + config.host() + ":" + current.port();
    }

    @Override
    public CompletableFuture<Void> ended() {
        return ended.copy();
    }

    void fatal(Throwable cause) {
        if (stopping.compareAndSet(false, true)) {
            LOG.error("{} cannot go on", member(), cause);
            stopBecauseOf(cause);
        }
    }

    private void lost(String sentence) {
        if (stopping.compareAndSet(false, true)) {
            LOG.error("{}: {}", member(), sentence);
            lost = true;
            stopBecauseOf(new IllegalStateException(sentence));
        }
    }

    /** On a thread of its own: the caller may be part of what has to end. */
    private void stopBecauseOf(Throwable cause) {
        NodeSystem current = system;
        if (current != null) {
            current.giveUpJoining(cause);
        }
        Thread.ofPlatform().name("stop-" + member()).start(() -> {
            stop();
            ended.completeExceptionally(cause);
        });
    }

    @Override
    public void close() {
        if (stopping.compareAndSet(false, true)) {
            stop();
            ended.complete(null);
        } else {
            ended.exceptionally(_ -> null).join();
        }
    }

    private void stop() {
        close(component, "component");
        close(grpc, "gRPC server");
        NodeSystem current = system;
        if (current != null) {
            current.leave(lost ? Duration.ZERO : LEAVE_PATIENCE);
        }
        close(management, "management port");
        close(metrics, "metrics");
        LOG.info("{} has ended", member());
    }

    private void close(@Nullable AutoCloseable part, String name) {
        if (part != null) {
            try {
                part.close();
            } catch (Exception e) {
                LOG.warn("{}: closing the {} failed", member(), name, e);
            }
        }
    }
}
