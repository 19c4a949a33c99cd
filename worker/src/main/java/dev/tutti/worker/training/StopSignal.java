package dev.tutti.worker.training;

/** Asks the training thread to end after the step it computes. Set by any thread, once. */
final class StopSignal {
    private volatile boolean set;

    void set() {
        set = true;
    }

    boolean isSet() {
        return set;
    }
}
