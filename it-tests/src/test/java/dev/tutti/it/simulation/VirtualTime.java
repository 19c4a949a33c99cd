package dev.tutti.it.simulation;

import java.util.PriorityQueue;
import java.util.function.BooleanSupplier;

/** A clock that stands still while anything happens, and jumps to what happens next. What is due at the same time happens in the order in which it was planned. */
final class VirtualTime {
    private static final double NANOS_PER_SECOND = 1e9;

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long now;
    private long planned;

    private record Event(long nanos, long number, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return nanos == other.nanos ? Long.compare(number, other.number) : Long.compare(nanos, other.nanos);
        }
    }

    static long nanos(double seconds) {
        return Math.round(seconds * NANOS_PER_SECOND);
    }

    /** How long bytes take at a rate, which may be infinite. */
    static long nanos(long bytes, double bytesPerSecond) {
        return nanos(bytes / bytesPerSecond);
    }

    static double seconds(long nanos) {
        return nanos / NANOS_PER_SECOND;
    }

    /** Nanoseconds since the beginning. */
    long now() {
        return now;
    }

    /** @param nanos not before now */
    void at(long nanos, Runnable action) {
        if (nanos < now) {
            throw new IllegalArgumentException("Planned for " + nanos + " ns, but it is " + now + " ns");
        }
        events.add(new Event(nanos, planned++, action));
    }

    /** @throws IllegalStateException if nothing is left to happen before it is done: somebody waits for ever */
    void runUntil(BooleanSupplier done) {
        while (!done.getAsBoolean()) {
            Event next = events.poll();
            if (next == null) {
                throw new IllegalStateException("Nothing happens after " + now + " ns, and the job is not done");
            }
            now = next.nanos;
            next.action.run();
        }
    }
}
