package dev.tutti.node;

import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;

/** What a role may use of its node. Thread-safe. */
public final class NodeContext {
    private final Node node;
    private final NodeSystem system;
    private final MeterRegistry meters;

    NodeContext(Node node, NodeSystem system, MeterRegistry meters) {
        this.node = node;
        this.system = system;
        this.meters = meters;
    }

    public NodeConfig config() {
        return node.config();
    }

    /** Unique in the cluster, and new at every start of the process. */
    public String member() {
        return node.member();
    }

    public ActorSystem<?> system() {
        return system.typed();
    }

    /** Every meter of it carries the tags {@code role} and {@code member}. */
    public MeterRegistry meters() {
        return meters;
    }

    public Clock clock() {
        return Clock.systemUTC();
    }

    /**
     * Where other processes reach this node's gRPC server, as host:port; empty for a role without services.
     *
     * @throws IllegalStateException before the server is bound, that is before {@link RoleComponent#joined()}
     */
    public String grpcEndpoint() {
        return node.boundGrpcEndpoint();
    }

    /** The path at which processes on this machine reach the same server; empty where there is none. To be asked as {@link #grpcEndpoint}. */
    public String grpcSocket() {
        return node.grpcSocket();
    }

    /** Starts an actor that lives as long as the node. If it throws, the node ends: see {@link #fatal}. */
    public <T> ActorRef<T> spawn(Behavior<T> behavior, String name) {
        return system.spawn(FatalFailures.around(behavior, this::fatal), name);
    }

    /** This node cannot go on: logs why, stops it in order, and {@link Node#ended()} completes with the cause. Returns at once. */
    public void fatal(Throwable cause) {
        node.fatal(cause);
    }
}
