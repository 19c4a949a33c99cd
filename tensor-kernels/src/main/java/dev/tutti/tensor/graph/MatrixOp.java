package dev.tutti.tensor.graph;

/** Products, and what goes with them along rows and columns. */
public sealed interface MatrixOp extends Op {
    /** (m, k) × (k, n) → (m, n) f32; a transposed operand lies in memory as (k, m) or (n, k). Operands have one float type; sums are f32. */
    record MatMul(Tensor left, boolean transposeLeft, Tensor right, boolean transposeRight) implements MatrixOp {}

    /** As {@link MatMul}, rounded once, to {@code type}. What {@link dev.tutti.tensor.lowering.CastFolding} makes of it. */
    record RoundedMatMul(Tensor left, boolean transposeLeft, Tensor right, boolean transposeRight, ElementType type)
            implements MatrixOp {}

    /** y[…, i] = x[…, i] + bias[i]: the bias has the shape of x's last dimensions, one or more of them. */
    record AddBias(Tensor x, Tensor bias) implements MatrixOp {}

    /** y[i] = Σ x[…, i], f32: sums over the leading dimensions, {@code shape} is what remains of x's. The gradient of {@link AddBias}'s bias. */
    record ColumnSum(Tensor x, Shape shape) implements MatrixOp {}

    /**
     * y = activation(x · weightᵀ + bias): (rows, in) × (out, in)ᵀ + (out) → (rows, out), rounded once, to {@code type}. What {@link
     * dev.tutti.tensor.lowering.Fusion} makes of {@link MatMul}, {@link AddBias}, {@link ElementwiseOp.Activate} and {@link
     * ElementwiseOp.Cast}.
     */
    record Dense(Tensor x, Tensor weight, Tensor bias, Activation activation, ElementType type) implements MatrixOp {}
}
