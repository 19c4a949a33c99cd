package dev.tutti.worker.exchange;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Events of all streams in the order they came, from gRPC's threads to the training thread. How many frames can be in it is bounded by
 * what the training thread has requested.
 */
final class Inbox {
    private final BlockingQueue<StreamEvent> events = new LinkedBlockingQueue<>();
    private volatile boolean closed;

    /** Any thread. */
    void put(StreamEvent event) {
        events.add(event);
        if (closed) {
            discard();
        }
    }

    /** Null if nothing came in that time. */
    @Nullable
    StreamEvent poll(long millis) throws InterruptedException {
        return events.poll(millis, TimeUnit.MILLISECONDS);
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
