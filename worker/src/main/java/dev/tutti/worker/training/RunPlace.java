package dev.tutti.worker.training;

/**
 * Where the rows of a run stand in the job: what dropout draws from, so that the same rows lose the same values whoever computes them.
 *
 * @param step from 1: of the batch, counted over all epochs
 * @param firstRow of the run, in the step's batch
 * @param stepLabels of the whole step, local: of the slice: every gradient is divided by it
 * @param stepRows of the same: every statistic is divided by it
 */
record RunPlace(long step, int firstRow, int stepLabels, int stepRows) {}
