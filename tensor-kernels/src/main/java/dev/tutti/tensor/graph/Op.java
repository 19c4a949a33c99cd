package dev.tutti.tensor.graph;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * An operation and its operands: a record whose components are tensors (one, an {@link java.util.Optional} or a {@link List} of them) and
 * constants. Whoever handles operations switches over a family without {@code default}: shapes ({@link ShapeInference}), gradients,
 * precision, kernels; so a new one does not compile until each of them knows it. {@code docs/add-an-op.md} shows the change for one.
 *
 * <p>Tensors are row-major. In formulas {@code r} is a row and {@code c} a column; a gradient's operand {@code gradient} is that of the
 * objective by the operation's first result.
 */
public sealed interface Op
        permits MatrixOp, ElementwiseOp, LayoutOp, ConvolutionOp, NormalizationOp, SequenceOp, LossOp {
    /** In the order of the record's components. */
    default List<Tensor> operands() {
        return OpComponents.of(this).operands(this);
    }

    /** The same operation on other operands. */
    default Op with(UnaryOperator<Tensor> replacement) {
        return OpComponents.of(this).with(this, replacement);
    }
}
