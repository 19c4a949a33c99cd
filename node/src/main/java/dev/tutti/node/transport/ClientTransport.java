package dev.tutti.node.transport;

import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The way to another process's {@link ServerTransport}, asked for once: its Unix domain socket where that answers, else its port.
 *
 * @param endpoint host:port
 * @param socket that somebody on this machine listens at
 */
public record ClientTransport(String endpoint, Optional<Path> socket) {
    /** Shared by all channels of this process, as gRPC's own are; daemons. */
    private static final class Loops {
        static final EventLoopGroup ALL = new MultiThreadIoEventLoopGroup(
                Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4),
                new DefaultThreadFactory("grpc-client", true),
                NioIoHandler.newFactory());
    }

    /**
     * Knocks at the socket.
     *
     * @param endpoint host:port
     * @param socket a path on the server's machine; empty for none
     */
    public static ClientTransport to(String endpoint, String socket) {
        return new ClientTransport(
                endpoint,
                Optional.of(socket)
                        .filter(path -> !path.isEmpty())
                        .map(Path::of)
                        .filter(path -> Files.exists(path) && SocketFile.answers(path)));
    }

    /** Whether the server is on this machine, as far as can be told. */
    public boolean isOnThisMachine() {
        return socket.isPresent();
    }

    /** A channel that way. Nothing is connected yet. */
    public NettyChannelBuilder channel() {
        if (socket.isPresent()) {
            return NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket.get()), BulkHttp2.ofClient())
                    .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
                    .eventLoopGroup(Loops.ALL);
        }
        return NettyChannelBuilder.forTarget("dns:///" + endpoint, BulkHttp2.ofClient())
                .channelType(NioSocketChannel.class)
                .eventLoopGroup(Loops.ALL);
    }
}
