package dev.tutti.worker.exchange;

import dev.tutti.node.sharedmemory.SharedMemoryLink;
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
import java.util.Optional;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * One Exchange stream to one shard, with its own connection. All methods belong to the training thread; gRPC's threads only put events
 * into the {@link Inbox}. Once a shard on this machine has mapped the memory it was offered, frames go through that ({@link SharedMemoryLink}), and all the stream
 * says is that both ends are still there.
 *
 * <p>Outbound memory: gRPC copies a message within {@code sendMessage} once the call is ready (retries are off, the transport is a
 * socket), and shared memory takes a copy as long as it has room, so a gradient is handed over without a copy of ours as long as it is taken at once. What is not taken now waits
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
    private final Optional<Lane> lane;
    /** Whether our frames go through shared memory. */
    private boolean attached;

    private boolean broken;

    /**
     * The way through shared memory, once the shard has mapped it.
     *
     * @param last what is sent through the stream before anything goes this way
     * @param begun run when something does
     */
    record Lane(SharedMemoryLink link, FrameHeader last, Runnable begun) {}

    /** @param buffer given back once sent; null for a frame without payload */
    private record Outgoing(FrameHeader header, @Nullable MemorySegment buffer, long byteSize) {
        ExchangeFrame frame() {
            return buffer == null
                    ? new ExchangeFrame(header)
                    : new ExchangeFrame(header, Payload.view(buffer.asSlice(0, byteSize)));
        }
    }

    /** @param lane through the memory that the route shares, which stays the caller's */
    ShardStream(
            ShardRoutes.Route route, long maxChunkByteSize, ChunkBuffers buffers, Inbox inbox, Optional<Lane> lane) {
        this.range = route.range();
        this.buffers = buffers;
        this.lane = lane;
        this.channel = route.transport()
                .channel()
                .disableRetry()
                .directExecutor()
                .maxInboundMessageSize(Math.toIntExact(maxChunkByteSize + HEADER_ALLOWANCE))
                .flowControlWindow(BYTE_BUDGET)
                .build();
        this.call = channel.newCall(Exchanges.METHOD, CallOptions.DEFAULT.withOnReadyThreshold(BYTE_BUDGET));
        call.start(new ToInbox(range.getShard(), inbox), new Metadata());
        call.request(Math.toIntExact(Math.max(2, BYTE_BUDGET / maxChunkByteSize)));
    }

    ShardRange range() {
        return range;
    }

    /** Sends a frame without payload. */
    void send(FrameHeader header) {
        if (!take(new ExchangeFrame(header))) {
            outgoing.add(new Outgoing(header, null, 0));
        }
    }

    /** Sends a gradient whose memory stays the caller's. */
    void sendView(FrameHeader header, MemorySegment gradient) {
        flush();
        if (outgoing.isEmpty() && isReady() && take(new ExchangeFrame(header, Payload.view(gradient)))) {
            return;
        }
        MemorySegment copy = buffers.take();
        MemorySegment.copy(gradient, 0, copy, 0, gradient.byteSize());
        outgoing.add(new Outgoing(header, copy, gradient.byteSize()));
    }

    /** Sends the beginning of a buffer, and gives the buffer back. */
    void sendBuffer(FrameHeader header, MemorySegment buffer, long byteSize) {
        outgoing.add(new Outgoing(header, buffer, byteSize));
        flush();
    }

    /** Sends what waits, as far as it is taken. */
    void flush() {
        for (Outgoing next = outgoing.peek(); next != null && isReady() && take(next.frame()); next = outgoing.peek()) {
            outgoing.remove();
            if (next.buffer() != null) {
                buffers.give(next.buffer());
            }
        }
    }

    private boolean isReady() {
        return attached || call.isReady();
    }

    private boolean take(ExchangeFrame frame) {
        if (lane.isEmpty() || !attach(lane.get())) {
            call.sendMessage(frame);
            return true;
        }
        return lane.get().link().send(frame);
    }

    /** Returns whether frames go through shared memory now. */
    private boolean attach(Lane ready) {
        if (!attached && ready.link().isMapped()) {
            call.sendMessage(new ExchangeFrame(ready.last()));
            attached = true;
            ready.begun().run();
        }
        return attached;
    }

    /** What has come through shared memory, if anything has; sends what waits for room there. */
    StreamEvent.@Nullable Received receive() {
        if (lane.isEmpty() || broken) {
            return null;
        }
        flush();
        try {
            return lane.get()
                    .link()
                    .receive()
                    .map(frame -> new StreamEvent.Received(range.getShard(), frame))
                    .orElse(null);
        } catch (MalformedFrameException e) {
            broken = true;
            refuse(e);
            return null;
        }
    }

    private void refuse(MalformedFrameException why) {
        call.cancel("Malformed Exchange frame: " + why.getMessage(), why);
    }

    /** One frame has been read: the shard may send another. In shared memory, what was read has made room for it. */
    void requestNext() {
        if (!attached) {
            call.request(1);
        }
    }

    void close() {
        call.cancel("this generation has ended on the worker", null);
        channel.shutdownNow();
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
            if (frame.header().hasSharedPayload()) {
                frame.close();
                refuse(new MalformedFrameException("a payload in shared memory, of a frame that is not"));
            } else {
                inbox.put(new StreamEvent.Received(shard, frame));
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
