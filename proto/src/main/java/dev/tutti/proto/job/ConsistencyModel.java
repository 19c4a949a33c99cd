package dev.tutti.proto.job;

import dev.tutti.proto.v1.Consistency;
import dev.tutti.proto.v1.Training;
import java.util.Optional;

/**
 * When a gradient is applied relative to those of other workers, as a value: what coordinator, worker and parameter server tell apart. Each of
 * them is described in {@code docs/consistency.md}.
 */
public sealed interface ConsistencyModel {
    /**
     * All workers do the same step, each its slices.
     *
     * @param backupWorkers without how many of them a step is complete
     */
    record Synchronous(int backupWorkers) implements ConsistencyModel {
        public boolean hasBackupWorkers() {
            return backupWorkers > 0;
        }
    }

    /**
     * Each worker leases batches, and waits for nobody but the shards.
     *
     * @param stalenessScaled whether the rate is divided by the staleness of a gradient
     */
    record Asynchronous(boolean stalenessScaled, Optional<Compensation> compensation) implements ConsistencyModel {}

    /** As asynchronous, but a worker waits when it is more than so many batches ahead of the slowest. */
    record BoundedStaleness(int clocks) implements ConsistencyModel {}

    /**
     * Each slice does so many steps by itself; their mean difference is then a step of the outer optimizer.
     *
     * @param steps of a round; the last of an epoch may have fewer
     * @param fragments of the parameters, exchanged one after the other within a round
     */
    record Local(int steps, int fragments, double outerRate, double outerMomentum) implements ConsistencyModel {}

    /** What makes up for the parameters having changed since the ones a gradient is of. */
    record Compensation(double lambda, boolean adaptive) {}

    /** Of a job with its defaults; one that says nothing is synchronous. */
    static ConsistencyModel of(Training training) {
        Consistency consistency = training.getConsistency();
        return switch (consistency.getKindCase()) {
            case SYNCHRONOUS, KIND_NOT_SET ->
                new Synchronous(consistency.getSynchronous().getBackupWorkers());
            case ASYNCHRONOUS -> {
                var asynchronous = consistency.getAsynchronous();
                var compensation = asynchronous.getDelayCompensation();
                yield new Asynchronous(
                        asynchronous.getStalenessScaled(),
                        asynchronous.hasDelayCompensation()
                                ? Optional.of(new Compensation(compensation.getLambda(), compensation.getAdaptive()))
                                : Optional.empty());
            }
            case BOUNDED_STALENESS ->
                new BoundedStaleness(consistency.getBoundedStaleness().getClocks());
            case LOCAL -> {
                var local = consistency.getLocal();
                yield new Local(
                        local.getSteps(),
                        local.getFragments(),
                        local.getOuter().getRate(),
                        local.getOuter().getMomentum());
            }
        };
    }

    /** Whether the coordinator leases batches to whoever asks; otherwise all workers take every step, or round, together. */
    default boolean leasesBatches() {
        return switch (this) {
            case Asynchronous _, BoundedStaleness _ -> true;
            case Synchronous _, Local _ -> false;
        };
    }
}
