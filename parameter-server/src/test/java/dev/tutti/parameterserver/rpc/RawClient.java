package dev.tutti.parameterserver.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.tutti.proto.v1.Frame;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Exchanges;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/** A worker's end of a stream that sends whatever bytes it is given, and reads as any client of the proto files does. */
final class RawClient {
    private static final MethodDescriptor<byte[], byte[]> METHOD =
            Exchanges.METHOD.toBuilder(new RawBytes(), new RawBytes()).build();

    private final ClientCall<byte[], byte[]> call;
    private final BlockingQueue<Frame> received = new LinkedBlockingQueue<>();
    private final CompletableFuture<Status> closed = new CompletableFuture<>();

    RawClient(ManagedChannel channel) {
        call = channel.newCall(METHOD, CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(byte[] frame) {
                        try {
                            received.add(Frame.parseFrom(frame));
                        } catch (InvalidProtocolBufferException e) {
                            throw new UncheckedIOException(e);
                        }
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        closed.complete(status);
                    }
                },
                new Metadata());
        call.request(Integer.MAX_VALUE);
    }

    /** What a frame is on the wire. */
    static byte[] bytes(ExchangeFrame frame) throws IOException {
        try (InputStream stream = Exchanges.METHOD.streamRequest(frame)) {
            return stream.readAllBytes();
        }
    }

    void send(ExchangeFrame frame) throws IOException {
        send(bytes(frame));
    }

    void send(byte... frame) {
        call.sendMessage(frame);
    }

    Frame take() throws InterruptedException {
        return received.take();
    }

    /** Waits for the end. */
    Status closed() {
        return closed.join();
    }

    private static final class RawBytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] bytes) {
            return new ByteArrayInputStream(bytes);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
