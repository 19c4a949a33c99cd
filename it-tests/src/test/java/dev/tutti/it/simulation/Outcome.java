package dev.tutti.it.simulation;

/**
 * What came of a {@link Scenario}.
 *
 * @param efficiency time that went into gradients that were applied, over all the workers' time: 1 if nobody ever waits
 * @param stepSeconds of a step, a round, or as many leased batches as there are workers
 * @param stepPayloadBytes of the same, both ways, of all workers
 * @param batchesAhead of the slowest worker, at most, when one begins a leased batch
 * @param staleness of a gradient, at most: updates its chunk had had since the parameters it is of
 * @param lateGradients discarded because their step was complete without them
 */
record Outcome(
        double efficiency,
        double stepSeconds,
        double stepPayloadBytes,
        long batchesAhead,
        long staleness,
        long lateGradients) {}
