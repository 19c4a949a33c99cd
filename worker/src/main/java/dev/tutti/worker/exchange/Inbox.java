package dev.tutti.worker.exchange;

import dev.tutti.node.sharedmemory.Doorbell;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What comes from all streams to the training thread: events from gRPC's threads, in their order, and frames that lie in shared memory. How much can be in it
 * is bounded by what the training thread has requested.
 */
final class Inbox {
    private final Doorbell bell;
    private final List<ShardStream> streams;
    private final Deque<StreamEvent> events = new ConcurrentLinkedDeque<>();
    /** Of the streams, which is looked at first. */
    private int first;

    private volatile boolean closed;

    /**
     * @param bell rung by {@link #put}, and when one of the streams has a frame in shared memory, or room there
     * @param streams by shard; read by the training thread only
     */
    Inbox(Doorbell bell, List<ShardStream> streams) {
        this.bell = bell;
        this.streams = streams;
    }

    /** Any thread. */
    void put(StreamEvent event) {
        events.add(event);
        bell.ring();
        if (closed) {
            discard();
        }
    }

    /** Null if nothing came in that time. */
    @Nullable
    StreamEvent poll(long millis) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (true) {
            int seen = bell.rings();
            StreamEvent next = next();
            long left = deadline - System.nanoTime();
            if (next != null || left <= 0) {
                return next;
            }
            bell.await(seen, left);
        }
    }

    private @Nullable StreamEvent next() {
        for (int i = 0; i < streams.size(); i++) {
            StreamEvent frame = streams.get((first + i) % streams.size()).receive();
            if (frame != null) {
                first = frame.shard() + 1;
                return frame;
            }
        }
        StreamEvent event = events.poll();
        if (event instanceof StreamEvent.Closed(var shard, var _)) {
            // Frames that were sent before the stream ended may have come since they were looked for.
            StreamEvent frame = streams.get(shard).receive();
            if (frame != null) {
                events.addFirst(event);
                return frame;
            }
        }
        return event;
    }

    /** Gives back the buffers of frames nobody will read, now and whenever one still comes. */
    void close() {
        closed = true;
        discard();
    }

    private void discard() {
        for (StreamEvent event = events.poll(); event != null; event = events.poll()) {
            if (event instanceof StreamEvent.Received received) {
                received.frame().close();
            }
        }
    }
}
