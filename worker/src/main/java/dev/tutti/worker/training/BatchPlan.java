package dev.tutti.worker.training;

import java.util.stream.IntStream;

/**
 * How an epoch is cut into batches and a batch into slices. Every sample comes once an epoch: the last batch may be smaller.
 *
 * @param trainCount samples of an epoch
 * @param batch samples of a step over all workers
 * @param slices parts of a step
 */
record BatchPlan(int trainCount, int batch, int slices) {
    long batchesPerEpoch() {
        return Math.ceilDiv(trainCount, batch);
    }

    /**
     * Where a batch begins in its epoch.
     *
     * @param batchInEpoch 0-based
     */
    long firstIndex(long batchInEpoch) {
        return batchInEpoch * batch;
    }

    int rows(long batchInEpoch) {
        return (int) Math.min(batch, trainCount - firstIndex(batchInEpoch));
    }

    /** Slice i of a step with {@code rows} rows owns rows [sliceBegin(rows, i), sliceBegin(rows, i + 1)). */
    int sliceBegin(int rows, int slice) {
        return (int) ((long) rows * slice / slices);
    }

    /** Whether a slice of a step is one row alone. */
    boolean hasSliceOfOneRow() {
        return hasSliceOfOneRow(rows(0)) || hasSliceOfOneRow(rows(batchesPerEpoch() - 1));
    }

    private boolean hasSliceOfOneRow(int rows) {
        return IntStream.range(0, slices).anyMatch(slice -> runRows(rows, slice, slice + 1) == 1);
    }

    /** The most rows a run of slices can have in a step. */
    int maxRows(int beginSlice, int endSlice) {
        int lastRows = rows(batchesPerEpoch() - 1);
        return Math.max(
                runRows(Math.min(batch, trainCount), beginSlice, endSlice), runRows(lastRows, beginSlice, endSlice));
    }

    private int runRows(int rows, int beginSlice, int endSlice) {
        return sliceBegin(rows, endSlice) - sliceBegin(rows, beginSlice);
    }
}
