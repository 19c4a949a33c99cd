package dev.tutti.node.transport;

import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.InternalNettyChannelCredentials;
import io.grpc.netty.InternalNettyServerCredentials;
import io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.InternalProtocolNegotiator.ProtocolNegotiator;
import io.grpc.netty.InternalProtocolNegotiators;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.AsciiString;
import java.util.Optional;

/**
 * Plaintext HTTP/2 as gRPC speaks it, for messages of a megabyte: each end announces that it takes frames of a mebibyte (RFC 9113, section 6.5.2; gRPC's own limit is
 * 16 KiB), and what has been received of a frame is kept in the buffers it came in instead of being copied together. Both are things of Netty that gRPC
 * has no option for; peers that send smaller frames are none the worse for it. docs/adr/0006 has what it pays.
 */
final class BulkHttp2 {
    private static final int FRAME_BYTES = 1 << 20;
    private static final int PORT_OF_HTTP = 80;

    private BulkHttp2() {}

    /** @param window of all connections to this server */
    static ServerCredentials ofServer(SharedWindow window) {
        return InternalNettyServerCredentials.create(
                new Negotiator(InternalProtocolNegotiators.serverPlaintext(), Optional.of(window)));
    }

    static ChannelCredentials ofClient() {
        return InternalNettyChannelCredentials.create(new InternalProtocolNegotiator.ClientFactory() {
            @Override
            public ProtocolNegotiator newNegotiator() {
                return new Negotiator(InternalProtocolNegotiators.plaintext(), Optional.empty());
            }

            @Override
            public int getDefaultPort() {
                return PORT_OF_HTTP;
            }
        });
    }

    private record Negotiator(ProtocolNegotiator plain, Optional<SharedWindow> window) implements ProtocolNegotiator {
        @Override
        public AsciiString scheme() {
            return plain.scheme();
        }

        @Override
        public ChannelHandler newHandler(GrpcHttp2ConnectionHandler http2) {
            http2.setCumulator(ByteToMessageDecoder.COMPOSITE_CUMULATOR);
            return new Announcement(plain.newHandler(http2), http2, window);
        }

        @Override
        public void close() {
            plain.close();
        }
    }

    /** Waits until HTTP/2 has begun, sends the settings, and goes. */
    private static final class Announcement extends ChannelInboundHandlerAdapter {
        private final ChannelHandler negotiation;
        private final GrpcHttp2ConnectionHandler http2;
        private final Optional<SharedWindow> window;

        Announcement(ChannelHandler negotiation, GrpcHttp2ConnectionHandler http2, Optional<SharedWindow> window) {
            this.negotiation = negotiation;
            this.http2 = http2;
            this.window = window;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            context.pipeline().addAfter(context.name(), null, negotiation);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            context.fireUserEventTriggered(event);
            announceIfBegun(context);
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.fireChannelActive();
            announceIfBegun(context);
        }

        private void announceIfBegun(ChannelHandlerContext context) {
            ChannelHandlerContext begun = context.pipeline().context(http2);
            if (begun != null && context.channel().isActive()) {
                Http2Settings settings = new Http2Settings().maxFrameSize(FRAME_BYTES);
                window.ifPresent(shared -> settings.initialWindowSize(enter(shared, begun)));
                write(begun, settings);
                context.pipeline().remove(this);
            }
        }

        private int enter(SharedWindow shared, ChannelHandlerContext begun) {
            SharedWindow.Peer peer =
                    newer -> begun.executor().execute(() -> write(begun, new Http2Settings().initialWindowSize(newer)));
            int bytes = shared.enter(peer);
            begun.channel().closeFuture().addListener(_ -> shared.leave(peer));
            return bytes;
        }

        private void write(ChannelHandlerContext begun, Http2Settings settings) {
            var _ = http2.encoder().writeSettings(begun, settings, begun.newPromise());
            begun.flush();
        }
    }
}
