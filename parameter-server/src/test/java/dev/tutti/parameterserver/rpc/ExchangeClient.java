package dev.tutti.parameterserver.rpc;

import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Exchanges;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;

/** A worker's end of a stream. */
final class ExchangeClient {
    private final ClientCall<ExchangeFrame, ExchangeFrame> call;
    private final BlockingQueue<Received> received = new LinkedBlockingQueue<>();
    private final CompletableFuture<Status> closed = new CompletableFuture<>();

    /** A frame whose elements have been copied. */
    record Received(FrameHeader header, ByteBuffer elements) {}

    ExchangeClient(ManagedChannel channel) {
        this(channel, Integer.MAX_VALUE);
    }

    private ExchangeClient(ManagedChannel channel, int requested) {
        call = channel.newCall(Exchanges.METHOD, CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(ExchangeFrame frame) {
                        try (frame) {
                            byte[] bytes = new byte[(int) frame.payload().byteSize()];
                            frame.payload().copyBytes(0, bytes, 0, bytes.length);
                            received.add(new Received(
                                    frame.header(), ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)));
                        }
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        closed.complete(status);
                    }
                },
                new Metadata());
        if (requested > 0) {
            call.request(requested);
        }
    }

    static ExchangeClient thatDoesNotRead(ManagedChannel channel) {
        return new ExchangeClient(channel, 0);
    }

    void send(ExchangeFrame frame) {
        call.sendMessage(frame);
    }

    Received take() throws InterruptedException {
        return received.take();
    }

    Future<Status> closed() {
        return closed;
    }

    void halfClose() {
        call.halfClose();
    }

    void cancel() {
        call.cancel("The test is over", null);
    }
}
