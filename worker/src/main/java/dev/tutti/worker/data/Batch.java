package dev.tutti.worker.data;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Rows ready to be trained on. Memory is the prefetcher's; contents do not change between {@link BatchPrefetcher#take} and the next one.
 */
public final class Batch {
    private final BatchLayout layout;
    private final MemorySegment features;
    private final MemorySegment labels;
    private BatchRange range = new BatchRange(0, 0, 0);

    Batch(BatchLayout layout, int maxRows, Arena arena) {
        this.layout = layout;
        this.features = arena.allocate(Math.max(1, layout.featuresByteSize(maxRows)), 64);
        this.labels = arena.allocate(Math.max(1, layout.labelsByteSize(maxRows)), 64);
    }

    public BatchRange range() {
        return range;
    }

    /** Copies {@code rows} rows from {@code firstRow} on to the beginning of the targets. */
    public void copyRows(int firstRow, int rows, MemorySegment featureRows, MemorySegment labelRows) {
        if (firstRow < 0 || rows < 0 || firstRow + rows > range.rows()) {
            throw new IndexOutOfBoundsException(
                    "rows " + firstRow + " to " + (firstRow + rows) + " of " + range.rows());
        }
        MemorySegment.copy(features, layout.featuresByteSize(firstRow), featureRows, 0, layout.featuresByteSize(rows));
        MemorySegment.copy(labels, layout.labelsByteSize(firstRow), labelRows, 0, layout.labelsByteSize(rows));
    }

    void fill(BatchRange newRange, SampleOrder order) {
        range = newRange;
        for (int row = 0; row < newRange.rows(); row++) {
            int sample = order.sampleAt(newRange.epoch(), newRange.firstIndex() + row);
            layout.writeRow(sample, row, features, labels);
        }
    }
}
