package dev.tutti.benchmarks.exchange;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.tutti.proto.v1.Frame;
import dev.tutti.proto.v1.ParametersGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * What gRPC does with the generated classes, as its documentation shows them: messages of a chunk each with a {@code bytes} field, over TCP, echoed.
 * Only the limit on a message's size is raised.
 */
final class PlainGrpc implements Lap {
    private static final int CHUNK = 1 << 20;
    private static final int MAX_MESSAGE = 2 * CHUNK;

    private final Server server;
    private final Crew crew;
    private final int messages;
    private final Frame message;
    private final List<Stream> streams = new ArrayList<>();

    /** @param bytes that each worker sends, a multiple of a mebibyte or rounded up to one */
    PlainGrpc(int workers, long bytes) throws IOException {
        this.messages = Math.toIntExact(Math.ceilDiv(bytes, (long) CHUNK));
        ByteString payload = UnsafeByteOperations.unsafeWrap(new byte[Math.toIntExact(Math.ceilDiv(bytes, messages))]);
        this.message = Frame.newBuilder().setPayload(payload).build();
        this.server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .maxInboundMessageSize(MAX_MESSAGE)
                .addService(new Echo())
                .build()
                .start();
        this.crew = new Crew(workers, "grpc");
        for (int worker = 0; worker < workers; worker++) {
            streams.add(new Stream(server.getPort()));
        }
    }

    @Override
    public void run() throws Exception {
        crew.all(worker -> streams.get(worker).exchange());
    }

    @Override
    public void close() {
        streams.forEach(Stream::close);
        crew.close();
        server.shutdownNow();
    }

    private static final class Echo extends ParametersGrpc.ParametersImplBase {
        @Override
        public StreamObserver<Frame> exchange(StreamObserver<Frame> back) {
            return new StreamObserver<>() {
                @Override
                public void onNext(Frame frame) {
                    back.onNext(frame);
                }

                @Override
                public void onError(Throwable error) {}

                @Override
                public void onCompleted() {
                    back.onCompleted();
                }
            };
        }
    }

    private final class Stream implements ClientResponseObserver<Frame, Frame> {
        private final ManagedChannel channel;
        private final Semaphore received = new Semaphore(0);
        private final Semaphore writable = new Semaphore(0);
        private final ClientCallStreamObserver<Frame> out;

        Stream(int port) {
            channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                    .usePlaintext()
                    .maxInboundMessageSize(MAX_MESSAGE)
                    .build();
            out = (ClientCallStreamObserver<Frame>)
                    ParametersGrpc.newStub(channel).exchange(this);
        }

        /** Sends as long as the stream says it is ready. */
        void exchange() throws InterruptedException {
            for (int i = 0; i < messages; i++) {
                while (!out.isReady()) {
                    writable.acquire();
                }
                out.onNext(message);
            }
            received.acquire(messages);
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<Frame> stream) {
            stream.setOnReadyHandler(writable::release);
        }

        @Override
        public void onNext(Frame frame) {
            received.release();
        }

        @Override
        public void onError(Throwable error) {
            received.release(messages);
            writable.release(messages);
        }

        @Override
        public void onCompleted() {}

        void close() {
            channel.shutdownNow();
        }
    }
}
