package dev.tutti.tensor.optimizer;

/**
 * What losses are multiplied with before the backward pass, so that small gradients are not lost in f16 (Micikevicius et al., 2018): doubled after a number
 * of clean steps in a row, halved on an overflow, never below 1.
 *
 * @param value a power of two, 1 or more
 * @param growthInterval clean steps after which it is doubled
 * @param cleanSteps since it last changed
 * @param skippedSteps since the beginning
 */
public record LossScale(double value, int growthInterval, int cleanSteps, long skippedSteps) {
    /** Gradients are as they are, for ever. */
    public static final LossScale NONE = new LossScale(1, Integer.MAX_VALUE, 0, 0);

    public LossScale {
        if (!(value >= 1) || Math.scalb(1.0, Math.getExponent(value)) != value) {
            throw new IllegalArgumentException("A loss scale is a power of two, 1 or more, got " + value);
        }
    }

    public static LossScale first(double value, int growthInterval) {
        return new LossScale(value, growthInterval, 0, 0);
    }

    /** After a step whose gradients were all finite. */
    public LossScale clean() {
        return cleanSteps + 1 < growthInterval
                ? new LossScale(value, growthInterval, cleanSteps + 1, skippedSteps)
                : new LossScale(value * 2, growthInterval, 0, skippedSteps);
    }

    /** After a step that was skipped because a gradient overflowed. */
    public LossScale overflowed() {
        return new LossScale(Math.max(1, value / 2), growthInterval, 0, skippedSteps + 1);
    }
}
