package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;

/**
 * Appends the backward pass to a graph: walks its instructions from last to first, and hands each result's gradient on to the operands
 * by the chain rule. So the gradients of the last layers are final first. Gradients of tensors that depend on no
 * parameter, such as the features, are not computed.
 */
public final class Autodiff {
    private Autodiff() {}

    /**
     * @param loss a number the graph computes
     * @param lossGradient what to multiply every gradient with, a number: ∂objective/∂loss
     * @param statisticScale what to multiply a sample's share in the statistics that parameters are averaged over with, a number
     * @return the graph with a gradient for every parameter
     * @throws IllegalStateException naming a parameter on which the loss does not depend
     */
    public static Graph withGradients(Graph forward, Tensor loss, Tensor lossGradient, Tensor statisticScale) {
        Tape tape = new Tape(forward, loss, lossGradient, statisticScale);
        for (Instruction instruction : forward.instructions().reversed()) {
            tape.gradient(instruction.result()).ifPresent(gradient -> differentiate(instruction, gradient, tape));
        }
        return tape.build(forward);
    }

    /** Each rule gives parameters their part before it gives the layer below its own: they can be sent while the walk goes on. */
    private static void differentiate(Instruction instruction, Tensor gradient, Tape tape) {
        switch (instruction.op()) {
            case MatrixOp op -> MatrixGradients.backward(op, gradient, tape);
            case ElementwiseOp op -> ElementwiseGradients.backward(op, instruction.result(), gradient, tape);
            case LayoutOp op -> LayoutGradients.backward(op, gradient, tape);
            case ConvolutionOp op -> ConvolutionGradients.backward(op, gradient, tape);
            case NormalizationOp op -> NormalizationGradients.backward(op, instruction, gradient, tape);
            case SequenceOp op -> SequenceGradients.backward(op, instruction, gradient, tape);
            case LossOp op -> LossGradients.backward(op, gradient, tape);
        }
    }

    static IllegalArgumentException notDefined(Object op) {
        return new IllegalArgumentException(
                "no gradient is defined for " + op + ": differentiate a graph before it is lowered, and once");
    }
}
