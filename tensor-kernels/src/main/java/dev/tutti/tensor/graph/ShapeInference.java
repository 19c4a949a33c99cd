package dev.tutti.tensor.graph;

import java.util.ArrayList;
import java.util.List;

/** The types and shapes of an operation's results, or why its operands do not fit together. */
final class ShapeInference {
    private ShapeInference() {}

    /**
     * The results, with ids from {@code firstId} on.
     *
     * @throws IllegalArgumentException naming the first result, the operation and the operands with their shapes
     */
    static List<Tensor> infer(int firstId, String name, Op op) {
        OperandChecks checks = new OperandChecks(name, op);
        List<ResultType> types = switch (op) {
            case MatrixOp matrix -> MatrixShapes.infer(matrix, checks);
            case ElementwiseOp elementwise -> ElementwiseShapes.infer(elementwise, checks);
            case LayoutOp layout -> LayoutShapes.infer(layout, checks);
            case ConvolutionOp convolution -> ConvolutionShapes.infer(convolution, checks);
            case NormalizationOp normalization -> NormalizationShapes.infer(normalization, checks);
            case SequenceOp sequence -> SequenceShapes.infer(sequence, checks);
            case LossOp loss -> LossShapes.infer(loss, checks);
        };
        List<Tensor> results = new ArrayList<>();
        for (ResultType type : types) {
            results.add(new Tensor(firstId + results.size(), name + type.suffix(), type.type(), type.shape()));
        }
        return results;
    }
}
