package dev.tutti.worker.exchange;

import dev.tutti.node.sharedmemory.PayloadCarrier;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.ShardRange;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Exchanges;
import dev.tutti.proto.wire.MalformedFrameException;
import dev.tutti.proto.wire.Payload;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * One Exchange stream to one shard, with its own connection. All methods belong to the training thread; gRPC's threads only put events
 * into the {@link Inbox}.
 *
 * <p>Outbound memory: gRPC copies a message within {@code sendMessage} once the call is ready (retries are off, the transport is a
 * socket), so a gradient is handed over without a copy of ours as long as the stream takes it at once. What it does not take now waits
 * here, in a buffer of its own, because the gradient's memory is overwritten by the next slice. So a slow shard costs copies, never wrong
 * bytes, and never blocks the backward pass.
 */
final class ShardStream {
    /** What a shard may send before we have read it; also what gRPC may hold of ours before the call stops being ready. */
    private static final int BYTE_BUDGET = 8 << 20;

    private static final int HEADER_ALLOWANCE = 64 << 10;

    private final ShardRange range;
    private final ChunkBuffers buffers;
    private final Queue<Outgoing> outgoing = new ArrayDeque<>();
    private final ManagedChannel channel;
    private final ClientCall<ExchangeFrame, ExchangeFrame> call;
    private final PayloadCarrier carrier;

    /** @param buffer given back once sent */
    private record Outgoing(FrameHeader header, MemorySegment buffer, long byteSize) {}

    /** @param route whose memory ends with the stream, also with one that cannot be made */
    ShardStream(ShardRoute route, long maxChunkByteSize, ChunkBuffers buffers, Inbox inbox) {
        this.range = route.range();
        this.buffers = buffers;
        this.carrier = route.carrier();
        try {
            this.channel = route.transport()
                    .channel()
                    .disableRetry()
                    .directExecutor()
                    .maxInboundMessageSize(Math.toIntExact(maxChunkByteSize + HEADER_ALLOWANCE))
                    .flowControlWindow(BYTE_BUDGET)
                    .build();
        } catch (RuntimeException e) {
            carrier.close();
            throw e;
        }
        this.call = channel.newCall(Exchanges.METHOD, CallOptions.DEFAULT.withOnReadyThreshold(BYTE_BUDGET));
        call.start(new ToInbox(range.getShard(), inbox), new Metadata());
        call.request(Math.toIntExact(Math.max(2, BYTE_BUDGET / maxChunkByteSize)));
    }

    ShardRange range() {
        return range;
    }

    /** Sends a frame without payload. */
    void send(FrameHeader header) {
        call.sendMessage(new ExchangeFrame(header));
    }

    /** Sends a gradient whose memory stays the caller's. */
    void sendView(FrameHeader header, MemorySegment gradient) {
        if (takesMore()) {
            call.sendMessage(carrier.outgoing(new ExchangeFrame(header, Payload.view(gradient))));
        } else {
            MemorySegment copy = buffers.take();
            MemorySegment.copy(gradient, 0, copy, 0, gradient.byteSize());
            outgoing.add(new Outgoing(header, copy, gradient.byteSize()));
        }
    }

    /** Sends the beginning of a buffer, and gives the buffer back. */
    void sendBuffer(FrameHeader header, MemorySegment buffer, long byteSize) {
        outgoing.add(new Outgoing(header, buffer, byteSize));
        flush();
    }

    /** Sends what waits, as far as the stream takes it. */
    void flush() {
        while (!outgoing.isEmpty() && call.isReady()) {
            Outgoing next = outgoing.remove();
            call.sendMessage(carrier.outgoing(
                    new ExchangeFrame(next.header(), Payload.view(next.buffer().asSlice(0, next.byteSize())))));
            buffers.give(next.buffer());
        }
    }

    /** One frame has been read: the shard may send another. */
    void requestNext() {
        call.request(1);
    }

    void close() {
        call.cancel("this generation has ended on the worker", null);
        channel.shutdownNow();
        carrier.close();
    }

    private boolean takesMore() {
        flush();
        return outgoing.isEmpty() && call.isReady();
    }

    /** Translates gRPC's callbacks to events; runs on the transport's threads. */
    private final class ToInbox extends ClientCall.Listener<ExchangeFrame> {
        private final int shard;
        private final Inbox inbox;

        ToInbox(int shard, Inbox inbox) {
            this.shard = shard;
            this.inbox = inbox;
        }

        @Override
        public void onMessage(ExchangeFrame frame) {
            try {
                inbox.put(new StreamEvent.Received(shard, carrier.incoming(frame)));
            } catch (MalformedFrameException e) {
                frame.close();
                call.cancel("Malformed Exchange frame: " + e.getMessage(), e);
            }
        }

        @Override
        public void onReady() {
            inbox.put(new StreamEvent.Writable(shard));
        }

        @Override
        public void onClose(Status status, @Nullable Metadata trailers) {
            inbox.put(new StreamEvent.Closed(shard, status));
        }
    }
}
