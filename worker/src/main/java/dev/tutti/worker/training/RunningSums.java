package dev.tutti.worker.training;

import dev.tutti.proto.v1.Sums;

/** Losses added up in f64. Training thread only. */
final class RunningSums {
    /** In messages: correct answers were not counted. */
    private static final long NOT_COUNTED = -1;

    private double lossSum;
    private long samples;
    private long labels;

    void add(double loss, long sampleCount, long labelCount) {
        lossSum += loss;
        samples += sampleCount;
        labels += labelCount;
    }

    long samples() {
        return samples;
    }

    /** Per label. */
    double meanLoss() {
        return labels == 0 ? Double.NaN : lossSum / labels;
    }

    /** The sums so far; afterwards they are zero again. */
    Sums take() {
        Sums sums = Sums.newBuilder()
                .setLossSum(lossSum)
                .setCorrect(NOT_COUNTED)
                .setSamples(samples)
                .setLabels(labels)
                .build();
        lossSum = 0;
        samples = 0;
        labels = 0;
        return sums;
    }
}
