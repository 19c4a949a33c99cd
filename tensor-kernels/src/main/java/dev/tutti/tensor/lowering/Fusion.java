package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Makes one {@link MatrixOp.Dense} of x · wᵀ, add-bias, and where they follow, relu and cast. A value in between is fused away only if nobody else
 * reads it; the one exception is the relu's gradient, which asks no more than whether the output is positive and reads the rounded output instead. (In f16 a
 * positive output below 2⁻²⁵ rounds to 0, and its gradient is cut with it.)
 */
public final class Fusion {
    private final Graph graph;
    private final GraphUses uses;
    private final Map<Tensor, Tensor> replaced = new HashMap<>();
    private final Set<Tensor> fused = new HashSet<>();
    /** Of what is computed in a relu's place, the relu's output. */
    private final Map<Tensor, Tensor> outputs = new HashMap<>();

    private Fusion(Graph graph) {
        this.graph = graph;
        this.uses = new GraphUses(graph);
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
                show(builder, dense.result());
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
        Instruction product = uses.producer(addBias.x()).orElse(null);
        if (product == null
                || !(product.op() instanceof MatrixOp.MatMul(var x, var transposeX, var weight, var transposeWeight))
                || transposeX
                || !transposeWeight
                || uses.onlyConsumer(product.result()).isEmpty()) {
            return Optional.empty();
        }
        fused.add(product.result());
        Tensor result = sum;
        Activation activation = Activation.IDENTITY;
        Optional<Instruction> relu = reluOf(sum);
        if (relu.isPresent()) {
            activation = Activation.RELU;
            Tensor output = relu.get().result();
            fused.add(output);
            Optional<Instruction> cast = castOfRelu(output, sum.shape());
            if (cast.isPresent()) {
                result = cast.get().result();
                fused.add(result);
            } else if (output.shape().equals(sum.shape())) {
                result = output;
            }
            if (!result.equals(output)) {
                outputs.put(result, output);
            }
        }
        return Optional.of(new Instruction(
                List.of(result), new MatrixOp.Dense(x, weight, addBias.bias(), activation, result.type())));
    }

    /** Makes of a relu's output, which is now rounded or has another shape, what others read. */
    private void show(GraphBuilder builder, Tensor result) {
        Tensor output = outputs.get(result);
        if (output == null) {
            return;
        }
        if (result.type() == output.type()) {
            builder.append(List.of(output), new LayoutOp.Reshape(result, output.shape()));
        } else if (result.shape().equals(output.shape())) {
            replaced.put(output, result);
        } else if (uses.consumers(output).stream().anyMatch(Fusion::isReluGradient)) {
            String name = output.name() + "." + result.type();
            replaced.put(output, builder.add(name, new LayoutOp.Reshape(result, output.shape())));
        }
    }

    /** The relu of a sum that nobody else reads, perhaps in another shape. */
    private Optional<Instruction> reluOf(Tensor sum) {
        Optional<Instruction> next = uses.onlyConsumer(sum);
        if (next.isPresent() && next.get().op() instanceof LayoutOp.Reshape) {
            Tensor reshaped = next.get().result();
            Optional<Instruction> relu = uses.onlyConsumer(reshaped).filter(Fusion::isRelu);
            relu.ifPresent(_ -> fused.add(reshaped));
            return relu;
        }
        return next.filter(Fusion::isRelu);
    }

    /**
     * The cast of a relu's output, perhaps back in the product's shape, if besides it only relu gradients read that output, and only as such.
     */
    private Optional<Instruction> castOfRelu(Tensor output, Shape product) {
        if (uses.isVisible(output)) {
            return Optional.empty();
        }
        Instruction cast = null;
        Tensor reshaped = output;
        for (Instruction consumer : uses.consumers(output)) {
            if (cast == null && consumer.op() instanceof ElementwiseOp.Cast) {
                cast = consumer;
            } else if (cast == null && consumer.op() instanceof LayoutOp.Reshape) {
                reshaped = consumer.result();
                cast = uses.onlyConsumer(reshaped)
                        .filter(next -> next.op() instanceof ElementwiseOp.Cast)
                        .orElse(null);
                if (cast == null) {
                    return Optional.empty();
                }
            } else if (!(consumer.op() instanceof ElementwiseOp.ActivateGradient(var gradient, var _, var activation))
                    || activation != Activation.RELU
                    || gradient.equals(output)) {
                return Optional.empty();
            }
        }
        if (cast == null || !cast.result().shape().equals(product)) {
            return Optional.empty();
        }
        fused.add(reshaped);
        return Optional.of(cast);
    }

    private static boolean isRelu(Instruction instruction) {
        return instruction.op() instanceof ElementwiseOp.Activate(var _, var activation)
                && activation == Activation.RELU;
    }

    private static boolean isReluGradient(Instruction instruction) {
        return instruction.op() instanceof ElementwiseOp.ActivateGradient(var _, var _, var activation)
                && activation == Activation.RELU;
    }
}
