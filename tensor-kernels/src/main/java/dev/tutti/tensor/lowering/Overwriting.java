package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;

/**
 * Operations of which one result may lie where an operand lies: each of its elements (or rows) depends on no element (or row) of that operand but the one in its own place. Every
 * backend's kernels for them read a place before they write it.
 */
final class Overwriting {
    private Overwriting() {}

    /** Which of the results may. */
    static Tensor result(Instruction instruction) {
        boolean gates = instruction.op() instanceof SequenceOp.Lstm;
        return gates ? instruction.results().get(1) : instruction.result();
    }

    /** The operands whose place that result may take, the better choice first. */
    static List<Tensor> operands(Op op) {
        return switch (op) {
            case ElementwiseOp.Add(var left, var right) -> List.of(left, right);
            case ElementwiseOp.Scale(var x, var _, var _) -> List.of(x);
            case ElementwiseOp.Activate(var x, var _) -> List.of(x);
            case ElementwiseOp.ActivateGradient(var gradient, var _, var _) -> List.of(gradient);
            case ElementwiseOp.Dropout(var x, var _, var _, var _) -> List.of(x);
            case MatrixOp.AddBias(var x, var _) -> List.of(x);
            case NormalizationOp.Softmax(var x) -> List.of(x);
            case NormalizationOp.SoftmaxGradient(var gradient, var _) -> List.of(gradient);
            case NormalizationOp.LayerNormGradient(var gradient, var _, var _, var _, var _) -> List.of(gradient);
            case SequenceOp.Lstm(var projected, var _) -> List.of(projected);
            case SequenceOp.LstmGradient(var _, var _, var gates, var _, var _) -> List.of(gates);
            case ElementwiseOp.Cast _,
                    MatrixOp _,
                    NormalizationOp _,
                    LayoutOp _,
                    ConvolutionOp _,
                    SequenceOp _,
                    LossOp _ -> List.of();
        };
    }
}
