package dev.tutti.node.transport;

import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process's gRPC server: on a TCP port, and on a Unix domain socket for those on the same machine. Owns its threads; {@link #close} ends them.
 */
public final class ServerTransport implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServerTransport.class);
    private static final int MAX_MESSAGE_BYTES = 16 << 20;

    private static final Duration GRACE = Duration.ofSeconds(2);

    private final EventLoopGroup loops;
    private final SharedWindow window = new SharedWindow();
    private final ExecutorService calls;
    private final List<ServerServiceDefinition> services;
    private final List<ServerStreamTracer.Factory> tracers;
    private final Server tcp;
    private final Optional<Server> unix;
    private final Optional<SocketFile> socket;

    /**
     * Binds the address; port 0 is any free one.
     *
     * @param name of its threads
     * @param tracers watch all streams
     * @throws IOException if the port is taken
     */
    public ServerTransport(
            InetSocketAddress address,
            String name,
            List<ServerServiceDefinition> services,
            List<ServerStreamTracer.Factory> tracers)
            throws IOException {
        this.services = services;
        this.tracers = tracers;
        loops = new MultiThreadIoEventLoopGroup(
                Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4),
                new DefaultThreadFactory("grpc-io-" + name, true),
                NioIoHandler.newFactory());
        calls = Executors.newCachedThreadPool(
                Thread.ofPlatform().daemon().name("grpc-" + name + "-", 0).factory());
        try {
            tcp = start(address, NioServerSocketChannel.class);
        } catch (IOException e) {
            endThreads();
            throw e;
        }
        socket = SocketFile.create();
        unix = socket.flatMap(file -> startUnix(file.path()));
    }

    private Server start(SocketAddress address, Class<? extends ServerChannel> channel) throws IOException {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(address, BulkHttp2.ofServer(window))
                .channelType(channel)
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops)
                .executor(calls)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .flowControlWindow(SharedWindow.MOST)
                .keepAliveTime(20, TimeUnit.SECONDS)
                .keepAliveTimeout(10, TimeUnit.SECONDS)
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addServices(services);
        tracers.forEach(builder::addStreamTracerFactory);
        return builder.build().start();
    }

    /** Without it everyone takes the port. */
    private Optional<Server> startUnix(Path path) {
        try {
            return Optional.of(start(UnixDomainSocketAddress.of(path), NioServerDomainSocketChannel.class));
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            LOG.info("No Unix domain socket at {}: {}", path, e.toString());
            return Optional.empty();
        }
    }

    public int port() {
        return tcp.getPort();
    }

    /** Its Unix domain socket, if it has one. */
    public Optional<Path> socket() {
        return unix.isPresent() ? socket.map(SocketFile::path) : Optional.empty();
    }

    @Override
    public void close() {
        List<Server> servers = unix.isPresent() ? List.of(tcp, unix.get()) : List.of(tcp);
        servers.forEach(Server::shutdown);
        try {
            for (Server server : servers) {
                if (!server.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
                    server.shutdownNow().awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS);
                }
            }
        } catch (InterruptedException _) {
            servers.forEach(Server::shutdownNow);
            Thread.currentThread().interrupt();
        }
        endThreads();
        socket.ifPresent(SocketFile::delete);
    }

    private void endThreads() {
        calls.shutdown();
        loops.shutdownGracefully(0, GRACE.toMillis(), TimeUnit.MILLISECONDS).awaitUninterruptibly(GRACE.toMillis());
    }
}
