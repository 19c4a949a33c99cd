package dev.tutti.worker.training;

import java.util.function.LongSupplier;

/** Durations of one step's three phases, in nanoseconds. */
final class StepClock {
    private final LongSupplier nanoTime;
    private final long begin;
    private long dataReady;
    private long computed;
    private long exchanged;

    StepClock(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.begin = nanoTime.getAsLong();
    }

    void dataReady() {
        dataReady = nanoTime.getAsLong();
    }

    void computed() {
        computed = nanoTime.getAsLong();
    }

    void exchanged() {
        exchanged = nanoTime.getAsLong();
    }

    long dataNanos() {
        return dataReady - begin;
    }

    long computeNanos() {
        return computed - dataReady;
    }

    long waitNanos() {
        return exchanged - computed;
    }
}
