package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The gradients known so far, and the graph in which they are computed. */
final class Tape {
    private final GraphBuilder builder;
    private final Set<Tensor> dependsOnParameters = new HashSet<>();
    private final Map<Tensor, Tensor> gradients = new HashMap<>();
    private final Tensor scale;
    private final Tensor statisticScale;

    /**
     * @param scale what every gradient is multiplied with, a number: that of the loss
     * @param statisticScale the same for a sample's statistics, of which there may be more or fewer than labels
     */
    Tape(Graph forward, Tensor loss, Tensor scale, Tensor statisticScale) {
        this.builder = GraphBuilder.extending(forward);
        this.scale = scale;
        this.statisticScale = statisticScale;
        dependsOnParameters.addAll(forward.parameterTensors());
        for (Instruction instruction : forward.instructions()) {
            if (instruction.op().operands().stream().anyMatch(dependsOnParameters::contains)) {
                dependsOnParameters.addAll(instruction.results());
            }
        }
        gradients.put(loss, scale);
    }

    Optional<Tensor> gradient(Tensor tensor) {
        return Optional.ofNullable(gradients.get(tensor));
    }

    Tensor statisticScale() {
        return statisticScale;
    }

    /** Whether anyone will ask for this tensor's gradient. */
    boolean needs(Tensor tensor) {
        return dependsOnParameters.contains(tensor);
    }

    /** Appends an operation whose results are named after the tensor it is for. */
    Tensor add(Tensor to, Op op) {
        return builder.add(to.name() + ".gradient", op);
    }

    /** Appends an operation that gives (part of) a tensor's gradient, if it is needed. */
    void contribute(Tensor to, Op op) {
        if (needs(to)) {
            pass(to, add(to, op));
        }
    }

    /** The gradient of a tensor is the sum over its consumers. */
    void pass(Tensor to, Tensor gradient) {
        if (needs(to)) {
            gradients.merge(to, gradient, (sum, part) -> add(to, new ElementwiseOp.Add(sum, part)));
        }
    }

    /** As {@link #contribute}, for an operation that gives the gradients of several tensors at once, in this order. */
    void contributeAll(Op op, Tensor first, Tensor... others) {
        var results = builder.addAll(first.name() + ".gradient", op);
        for (int i = 0; i < others.length; i++) {
            pass(others[i], results.get(i + 1));
        }
        pass(first, results.getFirst());
    }

    /** The graph with the parameters' gradients, each in a tensor of its own. */
    Graph build(Graph forward) {
        Set<Tensor> taken = new HashSet<>(List.of(scale));
        for (Tensor parameter : forward.parameterTensors()) {
            gradient(parameter)
                    .map(gradient -> taken.add(gradient)
                            ? gradient
                            : add(parameter, new LayoutOp.Reshape(gradient, parameter.shape())))
                    .ifPresent(gradient -> builder.gradient(parameter, gradient));
        }
        return builder.build();
    }
}
