package dev.tutti.node;

import dev.tutti.node.transport.ServerTransport;
import dev.tutti.proto.launch.LaunchException;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A node's gRPC server with the standard health service. */
final class GrpcEndpoint implements AutoCloseable {
    private final ServerTransport server;
    private final HealthStatusManager health = new HealthStatusManager();

    GrpcEndpoint(NodeConfig config, List<ServerServiceDefinition> services, List<ServerStreamTracer.Factory> tracers)
            throws LaunchException {
        int wanted = config.grpc().port();
        try {
            List<ServerServiceDefinition> all = new ArrayList<>(services);
            all.add(health.getHealthService().bindService());
            server = new ServerTransport(
                    new InetSocketAddress(config.bindHost(), wanted), config.member(), all, tracers);
        } catch (IOException e) {
            throw PortTaken.failure(config.bindHost(), wanted, "tutti.grpc.port", e);
        }
    }

    int port() {
        return server.port();
    }

    /** Empty for none. */
    String socket() {
        return server.socket().map(Path::toString).orElse("");
    }

    @Override
    public void close() {
        health.enterTerminalState();
        server.close();
    }
}
