package dev.tutti.worker.training;

import dev.tutti.proto.v1.Sums;

/** Losses added up in f64. Training thread only. */
final class RunningSums {
    /** In messages: correct answers were not counted. */
    private static final long NOT_COUNTED = -1;

    private double lossSum;
    private long samples;

    void add(double loss, long rows) {
        lossSum += loss;
        samples += rows;
    }

    long samples() {
        return samples;
    }

    double meanLoss() {
        return samples == 0 ? Double.NaN : lossSum / samples;
    }

    /** The sums so far; afterwards they are zero again. */
    Sums take() {
        Sums sums = Sums.newBuilder()
                .setLossSum(lossSum)
                .setCorrect(NOT_COUNTED)
                .setSamples(samples)
                .build();
        lossSum = 0;
        samples = 0;
        return sums;
    }
}
