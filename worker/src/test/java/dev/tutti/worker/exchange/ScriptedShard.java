package dev.tutti.worker.exchange;

import dev.tutti.proto.v1.Chunk;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Exchanges;
import dev.tutti.proto.wire.Payload;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.function.BiConsumer;

/** A shard that does what a test says with each frame, over a real connection. It reads only when told to, but for the first frame. */
final class ScriptedShard implements AutoCloseable {
    private final Server server;
    private final BiConsumer<ServerCall<ExchangeFrame, ExchangeFrame>, ExchangeFrame> script;

    ScriptedShard(BiConsumer<ServerCall<ExchangeFrame, ExchangeFrame>, ExchangeFrame> script) throws IOException {
        this.script = script;
        this.server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(ServerServiceDefinition.builder("tutti.v1.Parameters")
                        .addMethod(Exchanges.METHOD, this::startCall)
                        .build())
                .flowControlWindow(1 << 20)
                .maxInboundMessageSize(16 << 20)
                .build()
                .start();
    }

    private ServerCall.Listener<ExchangeFrame> startCall(
            ServerCall<ExchangeFrame, ExchangeFrame> call, Metadata headers) {
        call.sendHeaders(new Metadata());
        call.request(1);
        return new ServerCall.Listener<>() {
            @Override
            public void onMessage(ExchangeFrame frame) {
                try (frame) {
                    script.accept(call, frame);
                }
            }

            @Override
            public void onHalfClose() {
                call.close(Status.OK, new Metadata());
            }
        };
    }

    String endpoint() {
        return "127.0.0.1:" + server.getPort();
    }

    /** The chunk, every element of it the same. */
    static ExchangeFrame chunk(FrameHeader request, int chunk, long version, int elements, float value) {
        float[] values = new float[elements];
        Arrays.fill(values, value);
        return new ExchangeFrame(
                request.toBuilder()
                        .setStep(version)
                        .setChunk(Chunk.newBuilder().setChunk(chunk).setEncoding(Encoding.ENCODING_F32))
                        .build(),
                Payload.view(MemorySegment.ofArray(values)));
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
