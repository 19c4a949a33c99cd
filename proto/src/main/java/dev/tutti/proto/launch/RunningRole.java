package dev.tutti.proto.launch;

import java.util.concurrent.CompletableFuture;

/** A role that runs in this process. {@link #close} stops it in order and returns once it has left the cluster. */
public interface RunningRole extends AutoCloseable {
    /** Unique in the cluster. */
    String member();

    /** host:port other members join the cluster at. */
    String clusterAddress();

    /** host:port of its gRPC server; empty for a worker. */
    String grpcAddress();

    /** Base of {@code /livez}, {@code /readyz} and {@code /metrics}, e.g. {@code http://127.0.0.1:9090}. */
    String managementUrl();

    /** Completes when the role has ended, for whatever reason; exceptionally if it failed. */
    CompletableFuture<Void> ended();

    @Override
    void close();
}
