package dev.tutti.worker.data;

import java.lang.foreign.MemorySegment;

/** How rows of a dataset lie in memory: features as f32 {@code [rows, featureCount]}, labels as {@link LabelEncoding} says. */
public record BatchLayout(Dataset dataset, LabelEncoding labels) {
    public long featuresByteSize(long rows) {
        return rows * dataset.featureCount() * Float.BYTES;
    }

    public long labelsByteSize(long rows) {
        return rows * labels.elementsPerRow(dataset.classes()) * Integer.BYTES;
    }

    /** Writes one sample as row {@code row} of both. */
    public void writeRow(int sample, long row, MemorySegment featureRows, MemorySegment labelRows) {
        dataset.readFeatures(sample, featureRows, row * dataset.featureCount());
        labels.write(dataset.label(sample), dataset.classes(), labelRows, row);
    }
}
