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

/** The way to another process's {@link ServerTransport}. */
public final class ClientTransport {
    private ClientTransport() {}

    /** Shared by all channels of this process, as gRPC's own are; daemons. */
    private static final class Loops {
        static final EventLoopGroup ALL = new MultiThreadIoEventLoopGroup(
                Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4),
                new DefaultThreadFactory("grpc-client", true),
                NioIoHandler.newFactory());
    }

    /** Whether a server's Unix domain socket can be reached from here. */
    public static boolean reaches(String socket) {
        return !socket.isEmpty() && Files.exists(Path.of(socket)) && SocketFile.answers(Path.of(socket));
    }

    /**
     * A channel by the server's Unix domain socket where that can be reached, else by its port. Nothing is connected yet.
     *
     * @param endpoint host:port
     * @param socket a path on the server's machine; empty for none
     */
    public static NettyChannelBuilder channel(String endpoint, String socket) {
        if (reaches(socket)) {
            return NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket), BulkHttp2.ofClient())
                    .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
                    .eventLoopGroup(Loops.ALL);
        }
        return NettyChannelBuilder.forTarget("dns:///" + endpoint, BulkHttp2.ofClient())
                .channelType(NioSocketChannel.class)
                .eventLoopGroup(Loops.ALL);
    }
}
