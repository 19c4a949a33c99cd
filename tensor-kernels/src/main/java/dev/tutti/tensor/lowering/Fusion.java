package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Makes one {@link MatrixOp.Dense} of x · wᵀ, add-bias, and where they follow, relu and cast. A value in between is fused away only if nobody else
 * reads it; the one exception is the relu's gradient, which asks no more than whether the output is positive and reads the rounded output instead.
 */
public final class Fusion {
    private final Graph graph;
    private final Map<Tensor, Instruction> producers = new HashMap<>();
    private final Map<Tensor, List<Instruction>> consumers = new HashMap<>();
    private final Set<Tensor> visible = new HashSet<>();
    private final Map<Tensor, Tensor> replaced = new HashMap<>();
    private final Set<Tensor> fused = new HashSet<>();

    private Fusion(Graph graph) {
        this.graph = graph;
        visible.addAll(graph.outputs().values());
        visible.addAll(graph.gradients());
        for (Instruction instruction : graph.instructions()) {
            instruction.results().forEach(result -> producers.put(result, instruction));
            for (Tensor operand : instruction.op().operands()) {
                consumers.computeIfAbsent(operand, _ -> new ArrayList<>()).add(instruction);
            }
        }
    }

    /** The same results in fewer instructions. */
    public static Graph fuse(Graph graph) {
        return new Fusion(graph).fuse();
    }

    private Graph fuse() {
        Map<Tensor, Instruction> denseByFirst = new HashMap<>();
        for (Instruction instruction : graph.instructions()) {
            if (instruction.op() instanceof MatrixOp.AddBias addBias) {
                dense(instruction.result(), addBias).ifPresent(dense -> denseByFirst.put(instruction.result(), dense));
            }
        }
        GraphBuilder builder = GraphBuilder.rewriting(graph);
        for (Instruction instruction : graph.instructions()) {
            Instruction dense = denseByFirst.get(instruction.result());
            if (dense != null) {
                append(builder, dense);
            } else if (!fused.contains(instruction.result())) {
                append(builder, instruction);
            }
        }
        return builder.keeping(graph).build();
    }

    private void append(GraphBuilder builder, Instruction instruction) {
        builder.append(instruction.results(), instruction.op().with(tensor -> replaced.getOrDefault(tensor, tensor)));
    }

    /** What stands in for the instruction that adds the bias, if its x is a product that nobody else reads. */
    private Optional<Instruction> dense(Tensor sum, MatrixOp.AddBias addBias) {
        Instruction product = producers.get(addBias.x());
        if (product == null
                || !(product.op() instanceof MatrixOp.MatMul(var x, var transposeX, var weight, var transposeWeight))
                || transposeX
                || !transposeWeight
                || onlyConsumer(product.result()).isEmpty()) {
            return Optional.empty();
        }
        fused.add(product.result());
        Tensor result = sum;
        Activation activation = Activation.IDENTITY;
        Optional<Instruction> relu = onlyConsumer(sum).filter(next -> isRelu(next.op()));
        if (relu.isPresent()) {
            fused.add(result);
            activation = Activation.RELU;
            result = relu.get().result();
            fused.add(result);
            Optional<Instruction> cast = castOfRelu(result);
            if (cast.isPresent()) {
                replaced.put(result, cast.get().result());
                result = cast.get().result();
                fused.add(result);
            }
        }
        return Optional.of(new Instruction(
                List.of(result), new MatrixOp.Dense(x, weight, addBias.bias(), activation, result.type())));
    }

    private Optional<Instruction> onlyConsumer(Tensor tensor) {
        List<Instruction> all = consumers.getOrDefault(tensor, List.of());
        return all.size() == 1 && !visible.contains(tensor) ? Optional.of(all.getFirst()) : Optional.empty();
    }

    /** The cast of a relu's output, if besides it only relu gradients read that output, and only as such. */
    private Optional<Instruction> castOfRelu(Tensor output) {
        if (visible.contains(output)) {
            return Optional.empty();
        }
        Instruction cast = null;
        for (Instruction consumer : consumers.getOrDefault(output, List.of())) {
            if (consumer.op() instanceof ElementwiseOp.Cast && cast == null) {
                cast = consumer;
            } else if (!(consumer.op() instanceof ElementwiseOp.ActivateGradient(var gradient, var _, var activation))
                    || activation != Activation.RELU
                    || gradient.equals(output)) {
                return Optional.empty();
            }
        }
        return Optional.ofNullable(cast);
    }

    private static boolean isRelu(Op op) {
        return op instanceof ElementwiseOp.Activate(var _, var activation) && activation == Activation.RELU;
    }
}
