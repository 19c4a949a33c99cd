package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Lets matrix products read bf16: their operands are cast, once each; their sums, and with them biases, losses, reductions and
 * all gradients, stay f32.
 */
public final class MixedPrecision {
    private final GraphBuilder builder;
    private final Map<Tensor, Tensor> casts = new HashMap<>();

    private MixedPrecision(Graph graph) {
        this.builder = GraphBuilder.rewriting(graph);
    }

    /**
     * @param compute what matrix products read: f32 leaves the graph as it is
     * @throws IllegalArgumentException if it is not a type to compute in
     */
    public static Graph lower(Graph graph, ElementType compute) {
        return switch (compute) {
            case F32 -> graph;
            case BF16 -> new MixedPrecision(graph).lower(graph);
            case I32 -> throw new IllegalArgumentException("matrix products compute in f32 or bf16, not in " + compute);
        };
    }

    private Graph lower(Graph graph) {
        for (Instruction instruction : graph.instructions()) {
            builder.append(instruction.result(), lower(instruction.op()));
        }
        graph.outputs().forEach(builder::output);
        for (int i = 0; i < graph.gradients().size(); i++) {
            builder.gradient(graph.parameterTensors().get(i), graph.gradients().get(i));
        }
        return builder.build();
    }

    private Op lower(Op op) {
        return switch (op) {
            case Op.MatMul _ -> op.with(this::cast);
            case Op.Dense _ -> throw new IllegalArgumentException("precision is chosen before operations are fused");
            case Op.AddBias _,
                    Op.Add _,
                    Op.Relu _,
                    Op.ReluGradient _,
                    Op.ColumnSum _,
                    Op.CrossEntropy _,
                    Op.CrossEntropyGradient _,
                    Op.SquaredError _,
                    Op.SquaredErrorGradient _,
                    Op.Cast _ -> op;
        };
    }

    private Tensor cast(Tensor tensor) {
        return casts.computeIfAbsent(tensor, t -> builder.add(t.name() + ".bf16", new Op.Cast(t, ElementType.BF16)));
    }
}
