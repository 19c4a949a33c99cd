package dev.tutti.tensor.optimizer;

import java.util.List;

/**
 * How a gradient changes a parameter: a formula for one element and its own state, so that any cut of the flat space into slices gives the same bits.
 * State is f32, zero at first. Names and defaults are PyTorch's. {@link SliceOptimizer} runs it over memory.
 */
public sealed interface UpdateRule permits Sgd, RmsProp, Adagrad, Adam {
    /** What a parameter moves by, in units that are the rule's own. */
    double rate();

    /** Names of the state slots as they stand in checkpoints, e.g. {@code exp_avg}: as many as there are numbers of state for a parameter. */
    List<String> stateNames();

    /**
     * The formula, with all that is the same for every element worked out.
     *
     * @param update the 1-based count of updates of this slice, this one included (Adam's t)
     */
    Step step(long update);

    /**
     * The numbers that are the same for every element of an update, as each rule says: for those who run the formula elsewhere than here.
     *
     * @param update the 1-based count of updates of this slice, this one included
     */
    float[] factors(long update);

    /** One update of a block of elements. */
    @FunctionalInterface
    interface Step {
        /**
         * @param p parameters, changed in place
         * @param g gradients, only read
         * @param state one array a slot, changed in place
         * @param count of elements; the arrays may be longer
         */
        void apply(float[] p, float[] g, float[][] state, int count);
    }
}
