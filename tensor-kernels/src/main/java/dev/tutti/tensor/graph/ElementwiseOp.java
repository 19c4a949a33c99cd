package dev.tutti.tensor.graph;

/** Element by element; shapes stay as they are. */
public sealed interface ElementwiseOp extends Op {
    /** Shapes equal. */
    record Add(Tensor left, Tensor right) implements ElementwiseOp {}

    /** y = factor · scalar · x, where scalar is one number. */
    record Scale(Tensor x, Tensor scalar, float factor) implements ElementwiseOp {}

    /** y = activation(x); a NaN stays one. */
    record Activate(Tensor x, Activation activation) implements ElementwiseOp {}

    /**
     * dx = gradient · activation'.
     *
     * @param gradient f32; a relu's, which is only passed on or not, may be of another type, that of {@code saved}
     * @param saved what {@link Activation#saves} names: the activation's input, or its output, which may be rounded
     */
    record ActivateGradient(Tensor gradient, Tensor saved, Activation activation) implements ElementwiseOp {}

    /**
     * y = x / (1 − rate) where a uniform number is at least {@code rate}, else 0; Srivastava et al. 2014, scaled while training. Its own gradient's operation.
     * The number of element e of row r is {@code CounterRandom(seed + layer).uniform(step, (firstRow + r) · rowElements + e)}: who computes the row does not matter.
     *
     * @param x rows are its first dimension
     * @param key i32 [6]: low and high word of seed, step (unique in the job), and the batch's row that is x's first
     * @param rate in [0, 1)
     * @param layer unlike that of any other dropout of the model
     */
    record Dropout(Tensor x, Tensor key, float rate, long layer) implements ElementwiseOp {
        /** Of a key. */
        public static final int KEY_WORDS = 6;
    }

    /** Between float types, to nearest, ties to even. */
    record Cast(Tensor x, ElementType type) implements ElementwiseOp {}
}
