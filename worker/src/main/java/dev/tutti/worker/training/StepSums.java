package dev.tutti.worker.training;

/**
 * What a worker trained on in a step.
 *
 * @param loss the sum over the labels
 * @param rows samples
 * @param labels that count
 */
record StepSums(double loss, int rows, int labels) {
    static final StepSums NOTHING = new StepSums(0, 0, 0);

    StepSums plus(StepSums other) {
        return new StepSums(loss + other.loss, rows + other.rows, labels + other.labels);
    }
}
