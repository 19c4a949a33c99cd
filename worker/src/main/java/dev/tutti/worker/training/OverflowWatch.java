package dev.tutti.worker.training;

/**
 * Ends a job in f16 whose steps all overflow though the loss scale is the smallest there is: such a job would go on to its end and change nothing.
 * Training thread only.
 */
final class OverflowWatch {
    /** In a row, in one generation. */
    static final int MOST_STEPS = 100;

    private static final double SMALLEST_SCALE = 1;

    private final GradientGate gate;
    private double scale;
    private long skipped;
    private int inARow;

    OverflowWatch(GradientGate gate) {
        this.gate = gate;
    }

    void stepBegins() {
        scale = gate.lossScale();
        skipped = gate.skippedSteps();
    }

    /** @param when for messages: {@code at step 17} */
    void stepEnds(String when) throws NonFiniteLossException {
        boolean hopeless = gate.skippedSteps() > skipped && scale == SMALLEST_SCALE;
        inARow = hopeless ? inARow + 1 : 0;
        if (inARow == MOST_STEPS) {
            throw NonFiniteLossException.ofScale(MOST_STEPS, when);
        }
    }
}
