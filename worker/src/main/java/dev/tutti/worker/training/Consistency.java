package dev.tutti.worker.training;

import dev.tutti.proto.v1.JobSpec;

/** When a gradient is applied relative to those of other workers. */
sealed interface Consistency {
    /** All workers do the same step, each its slices, and wait for each other. */
    record Synchronous() implements Consistency {}

    /** Each worker leases batches and waits for nobody but the shards. */
    record Asynchronous() implements Consistency {}

    static Consistency of(JobSpec spec) {
        return switch (spec.getTraining().getConsistency().getKindCase()) {
            case SYNCHRONOUS, KIND_NOT_SET -> new Synchronous();
            case ASYNCHRONOUS -> new Asynchronous();
        };
    }
}
