package dev.tutti.node;

import dev.tutti.proto.launch.LaunchException;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A node's gRPC server with the standard health service. Owns its threads; {@link #close} ends them. */
final class GrpcEndpoint implements AutoCloseable {
    private static final int MAX_MESSAGE_BYTES = 16 << 20;
    /** Several chunks of a MiB may be under way on a stream before the reader has taken the first. */
    private static final int WINDOW_BYTES = 4 << 20;

    private static final Duration GRACE = Duration.ofSeconds(2);

    private final Server server;
    private final int port;
    private final HealthStatusManager health = new HealthStatusManager();
    private final EventLoopGroup loops;
    private final ExecutorService calls;

    GrpcEndpoint(NodeConfig config, List<ServerServiceDefinition> services) throws LaunchException {
        loops = new MultiThreadIoEventLoopGroup(
                Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4),
                new DefaultThreadFactory("grpc-io-" + config.member(), true),
                NioIoHandler.newFactory());
        calls = Executors.newCachedThreadPool(Thread.ofPlatform()
                .daemon()
                .name("grpc-" + config.member() + "-", 0)
                .factory());
        int wanted = config.grpc().port();
        NettyServerBuilder builder = NettyServerBuilder.forAddress(new InetSocketAddress(config.bindHost(), wanted))
                .channelType(NioServerSocketChannel.class)
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops)
                .executor(calls)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .flowControlWindow(WINDOW_BYTES)
                .keepAliveTime(20, TimeUnit.SECONDS)
                .keepAliveTimeout(10, TimeUnit.SECONDS)
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addServices(services)
                .addService(health.getHealthService());
        try {
            server = builder.build().start();
        } catch (IOException e) {
            endThreads();
            throw PortTaken.failure(config.bindHost(), wanted, "tutti.grpc.port", e);
        }
        port = server.getPort();
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        health.enterTerminalState();
        server.shutdown();
        try {
            if (!server.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
                server.shutdownNow().awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException _) {
            server.shutdownNow();
            Thread.currentThread().interrupt();
        }
        endThreads();
    }

    private void endThreads() {
        calls.shutdown();
        loops.shutdownGracefully(0, GRACE.toMillis(), TimeUnit.MILLISECONDS).awaitUninterruptibly(GRACE.toMillis());
    }
}
