package dev.tutti.parameterserver.rpc;

import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Exchanges;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;

/** A worker's end of a stream whose thread waits where the stream takes no more. It keeps nothing of what it is sent but the headers. */
final class BlockingWorker {
    private final ClientCall<ExchangeFrame, ExchangeFrame> call;
    private final BlockingQueue<FrameHeader> received = new LinkedBlockingQueue<>();
    /** Released whenever the stream takes more again, and when it has ended. */
    private final Semaphore changes = new Semaphore(0);

    private volatile boolean ended;

    /** Reads nothing until it is told to. */
    BlockingWorker(ManagedChannel channel) {
        call = channel.newCall(Exchanges.METHOD, CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(ExchangeFrame frame) {
                        try (frame) {
                            received.add(frame.header());
                        }
                    }

                    @Override
                    public void onReady() {
                        changes.release();
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        ended = true;
                        changes.release();
                    }
                },
                new Metadata());
    }

    /** Sends once the stream takes it, when the payload is copied at once. Does nothing after the end. */
    void send(ExchangeFrame frame) throws InterruptedException {
        while (!call.isReady() && !ended) {
            changes.acquire();
        }
        if (!ended) {
            call.sendMessage(frame);
        }
    }

    /** Reads so many frames more, one for each {@link #take}. */
    void read(int frames) {
        call.request(frames);
    }

    /** Waits for the next frame. */
    FrameHeader take() throws InterruptedException {
        return received.take();
    }
}
