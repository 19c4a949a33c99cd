package dev.tutti.node;

import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import java.util.List;

/** What a role does in its node. Built before the node joins the cluster; closed by the node. */
public interface RoleComponent extends AutoCloseable {
    /** Bound before the node joins the cluster; a role without any has no gRPC server. */
    List<ServerServiceDefinition> services();

    /** What watches the streams of its gRPC server; usually nothing. */
    default List<ServerStreamTracer.Factory> tracers() {
        return List.of();
    }

    /** The node is a member now: register actors, start the singleton. Runs once, on the thread that starts the node. */
    void joined();

    /** Usually empty: the node itself checks that it has joined. */
    List<ReadinessCheck> readiness();

    /** Stops work, in order. Called before the gRPC server ends and the node leaves the cluster; also when start-up failed. */
    @Override
    void close();
}
