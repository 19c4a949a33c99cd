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

/**
 * Plaintext HTTP/2 as gRPC speaks it, for messages of a megabyte: each end announces that it takes frames of a mebibyte (RFC 9113, section 6.5.2; gRPC's own limit is
 * 16 KiB), and what has been received of a frame is kept in the buffers it came in instead of being copied together. Both are things of Netty that gRPC
 * has no option for; peers that send smaller frames are none the worse for it. docs/adr/0006 has what it pays.
 */
final class BulkHttp2 {
    private static final int FRAME_BYTES = 1 << 20;
    private static final int PORT_OF_HTTP = 80;

    private BulkHttp2() {}

    static ServerCredentials ofServer() {
        return InternalNettyServerCredentials.create(new Negotiator(InternalProtocolNegotiators.serverPlaintext()));
    }

    static ChannelCredentials ofClient() {
        return InternalNettyChannelCredentials.create(new InternalProtocolNegotiator.ClientFactory() {
            @Override
            public ProtocolNegotiator newNegotiator() {
                return new Negotiator(InternalProtocolNegotiators.plaintext());
            }

            @Override
            public int getDefaultPort() {
                return PORT_OF_HTTP;
            }
        });
    }

    private record Negotiator(ProtocolNegotiator plain) implements ProtocolNegotiator {
        @Override
        public AsciiString scheme() {
            return plain.scheme();
        }

        @Override
        public ChannelHandler newHandler(GrpcHttp2ConnectionHandler http2) {
            http2.setCumulator(ByteToMessageDecoder.COMPOSITE_CUMULATOR);
            return new Announcement(plain.newHandler(http2), http2);
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

        Announcement(ChannelHandler negotiation, GrpcHttp2ConnectionHandler http2) {
            this.negotiation = negotiation;
            this.http2 = http2;
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
                var _ = http2.encoder()
                        .writeSettings(begun, new Http2Settings().maxFrameSize(FRAME_BYTES), begun.newPromise());
                begun.flush();
                context.pipeline().remove(this);
            }
        }
    }
}
