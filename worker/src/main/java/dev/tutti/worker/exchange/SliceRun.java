package dev.tutti.worker.exchange;

import java.util.function.DoubleSupplier;

/**
 * What a worker is about to push as the gradient of one slice.
 *
 * @param step local: the round
 * @param rows samples in it
 * @param labels that count in it
 * @param stepRows samples of the whole step
 * @param loss the sum over its labels; asked once a gradient is ready
 */
public record SliceRun(long step, int slice, int rows, int labels, int stepRows, DoubleSupplier loss) {
    /** A slice without rows. */
    public static SliceRun empty(long step, int slice, int stepRows) {
        return new SliceRun(step, slice, 0, 0, stepRows, () -> 0);
    }
}
