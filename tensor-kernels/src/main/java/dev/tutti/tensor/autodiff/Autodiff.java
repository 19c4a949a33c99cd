package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Appends the backward pass to a graph: walks its instructions from last to first, and hands each result's gradient on to the operands
 * by the chain rule. So the gradients of the last layers are final first. Gradients of tensors that depend on no
 * parameter, such as the features, are not computed.
 */
public final class Autodiff {
    private final GraphBuilder builder;
    private final Set<Tensor> dependsOnParameters = new HashSet<>();
    private final Map<Tensor, Tensor> gradients = new HashMap<>();

    private Autodiff(Graph forward) {
        this.builder = GraphBuilder.extending(forward);
        dependsOnParameters.addAll(forward.parameterTensors());
        for (Instruction instruction : forward.instructions()) {
            if (instruction.op().operands().stream().anyMatch(dependsOnParameters::contains)) {
                dependsOnParameters.add(instruction.result());
            }
        }
    }

    /**
     * @param loss a number the graph computes
     * @param lossGradient what to multiply every gradient with, a number: ∂objective/∂loss
     * @return the graph with a gradient for every parameter
     * @throws IllegalStateException naming a parameter on which the loss does not depend
     */
    public static Graph withGradients(Graph forward, Tensor loss, Tensor lossGradient) {
        Autodiff autodiff = new Autodiff(forward);
        autodiff.gradients.put(loss, lossGradient);
        for (Instruction instruction : forward.instructions().reversed()) {
            Tensor gradient = autodiff.gradients.get(instruction.result());
            if (gradient != null) {
                autodiff.differentiate(instruction, gradient);
            }
        }
        for (Tensor parameter : forward.parameterTensors()) {
            Tensor gradient = autodiff.gradients.get(parameter);
            if (gradient != null) {
                autodiff.builder.gradient(parameter, gradient);
            }
        }
        return autodiff.builder.build();
    }

    /** Each rule gives parameters (right operands) their part before it gives the layer below its own: they can be sent while the walk goes on. */
    private void differentiate(Instruction instruction, Tensor gradient) {
        switch (instruction.op()) {
            case Op.MatMul(var left, var transposeLeft, var right, var transposeRight) -> {
                contribute(
                        right,
                        transposeRight
                                ? new Op.MatMul(gradient, true, left, transposeLeft)
                                : new Op.MatMul(left, !transposeLeft, gradient, false));
                contribute(
                        left,
                        transposeLeft
                                ? new Op.MatMul(right, transposeRight, gradient, true)
                                : new Op.MatMul(gradient, false, right, !transposeRight));
            }
            case Op.AddBias(var x, var bias) -> {
                contribute(bias, new Op.ColumnSum(gradient));
                pass(x, gradient);
            }
            case Op.Add(var left, var right) -> {
                pass(right, gradient);
                pass(left, gradient);
            }
            case Op.Relu(var x) -> contribute(x, new Op.ReluGradient(gradient, instruction.result()));
            case Op.CrossEntropy(var logits, var labels) ->
                contribute(logits, new Op.CrossEntropyGradient(gradient, logits, labels));
            case Op.SquaredError(var predictions, var targets) ->
                contribute(predictions, new Op.SquaredErrorGradient(gradient, predictions, targets));
            case Op.ReluGradient _,
                    Op.ColumnSum _,
                    Op.CrossEntropyGradient _,
                    Op.SquaredErrorGradient _,
                    Op.Cast _,
                    Op.Dense _ ->
                throw new IllegalArgumentException("no gradient is defined for " + instruction
                        + ": differentiate a graph before it is lowered, and once");
        }
    }

    private void contribute(Tensor to, Op op) {
        if (dependsOnParameters.contains(to)) {
            pass(to, builder.add(to.name() + ".gradient", op));
        }
    }

    /** The gradient of a tensor is the sum over its consumers. */
    private void pass(Tensor to, Tensor gradient) {
        if (dependsOnParameters.contains(to)) {
            gradients.merge(to, gradient, (sum, part) -> builder.add(to.name() + ".gradient", new Op.Add(sum, part)));
        }
    }
}
