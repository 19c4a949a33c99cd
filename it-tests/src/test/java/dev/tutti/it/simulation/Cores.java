package dev.tutti.it.simulation;

import java.util.PriorityQueue;

/** What computes: a core for everyone, or a few of one machine that all share, first come, first served. */
final class Cores {
    static final int UNLIMITED = 0;

    private final VirtualTime time;
    /** When each core is free again; none if they are unlimited. */
    private final PriorityQueue<Long> free = new PriorityQueue<>();

    Cores(VirtualTime time, int count) {
        this.time = time;
        for (int i = 0; i < count; i++) {
            free.add(0L);
        }
    }

    /** Takes a core from now on, or from when there is one. */
    void occupy(long nanos, Runnable done) {
        Long earliest = free.poll();
        long end = (earliest == null ? time.now() : Math.max(time.now(), earliest)) + nanos;
        if (earliest != null) {
            free.add(end);
        }
        time.at(end, done);
    }
}
