package dev.tutti.worker.data;

import java.lang.foreign.MemorySegment;

/** How samples lie in memory: features {@code [rows, featureCount]}, labels {@code [rows, labelsPerSample]} as {@link LabelEncoding} says. */
public record BatchLayout(Dataset dataset, LabelEncoding labels) {
    /** Of each feature, f32 or i32. */
    private static final int FEATURE_BYTE_SIZE = 4;

    public long featuresByteSize(long rows) {
        return rows * dataset.featureCount() * FEATURE_BYTE_SIZE;
    }

    public long labelsByteSize(long rows) {
        return rows * dataset.labelsPerSample() * labels.elementsPerLabel(dataset.classes()) * Integer.BYTES;
    }

    /** Writes one sample as row {@code row} of both. */
    public void writeRow(int sample, long row, MemorySegment featureRows, MemorySegment labelRows) {
        dataset.readFeatures(sample, featureRows, row * dataset.featureCount());
        int count = dataset.labelsPerSample();
        for (int i = 0; i < count; i++) {
            labels.write(dataset.label(sample, i), dataset.classes(), labelRows, row * count + i);
        }
    }
}
