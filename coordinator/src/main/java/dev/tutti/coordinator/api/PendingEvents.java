package dev.tutti.coordinator.api;

import dev.tutti.proto.v1.JobEvent;
import java.util.ArrayDeque;
import java.util.Deque;

/** Events a reader has not taken yet, in order. Newer progress replaces older; nothing else is ever dropped. Not thread-safe. */
final class PendingEvents {
    private final Deque<JobEvent> events = new ArrayDeque<>();

    void add(JobEvent event) {
        if (event.hasProgress() && !events.isEmpty() && events.getLast().hasProgress()) {
            events.removeLast();
        }
        events.addLast(event);
    }

    boolean isEmpty() {
        return events.isEmpty();
    }

    JobEvent take() {
        return events.removeFirst();
    }
}
