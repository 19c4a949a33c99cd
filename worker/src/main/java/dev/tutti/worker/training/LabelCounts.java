package dev.tutti.worker.training;

import dev.tutti.worker.data.BatchRange;
import dev.tutti.worker.data.Dataset;
import dev.tutti.worker.data.SampleOrder;
import java.util.function.IntUnaryOperator;

/** How many labels samples have that count: all, unless the job ignores one. Training thread only. */
final class LabelCounts {
    private final PreparedJob job;
    private final SampleOrder order;

    LabelCounts(PreparedJob job) {
        this.job = job;
        this.order = job.order();
    }

    /** Of a part of an epoch of the training samples. */
    int of(BatchRange range) {
        return Math.toIntExact(
                of(job.data().train(), row -> order.sampleAt(range.epoch(), range.firstIndex() + row), range.rows()));
    }

    /** Of all training samples. */
    long ofEpoch() {
        return of(job.data().train(), job.split()::trainSample, job.split().trainCount());
    }

    /** Of {@code count} samples. */
    long of(Dataset dataset, IntUnaryOperator sampleAt, int count) {
        long labels = (long) count * dataset.labelsPerSample();
        if (job.objective().ignored().isEmpty()) {
            return labels;
        }
        for (int i = 0; i < count; i++) {
            int sample = sampleAt.applyAsInt(i);
            for (int index = 0; index < dataset.labelsPerSample(); index++) {
                labels -= isIgnored(dataset.label(sample, index)) ? 1 : 0;
            }
        }
        return labels;
    }

    boolean isIgnored(int label) {
        return job.objective().ignored().isPresent()
                && job.objective().ignored().getAsInt() == label;
    }
}
