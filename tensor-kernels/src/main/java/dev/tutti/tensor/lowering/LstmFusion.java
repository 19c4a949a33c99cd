package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Makes one {@link SequenceOp.DenseLstm} of an LSTM and the dense layer before it, which nobody else reads: what comes in is multiplied time by time, and is still in the cache when the gates need it. */
public final class LstmFusion {
    private final Graph graph;
    private final GraphUses uses;

    private LstmFusion(Graph graph) {
        this.graph = graph;
        this.uses = new GraphUses(graph);
    }

    /** The same results in fewer instructions; of a graph that has been through {@link Fusion}. */
    public static Graph fuse(Graph graph) {
        return new LstmFusion(graph).fuse();
    }

    /** @param reshaped what the LSTM reads, of the dense layer's result */
    private record Fused(MatrixOp.Dense dense, Tensor reshaped, Tensor sum) {}

    private Graph fuse() {
        Set<Tensor> left = new HashSet<>();
        for (Instruction instruction : graph.instructions()) {
            fused(instruction.op()).ifPresent(fused -> {
                left.add(fused.reshaped);
                left.add(fused.sum);
            });
        }
        GraphBuilder builder = GraphBuilder.rewriting(graph);
        for (Instruction instruction : graph.instructions()) {
            Optional<Fused> fused = fused(instruction.op());
            if (fused.isPresent()) {
                appendLstm(builder, instruction, fused.get().dense);
            } else if (!left.contains(instruction.result())) {
                builder.append(instruction.results(), instruction.op());
            }
        }
        return builder.keeping(graph).build();
    }

    private static void appendLstm(GraphBuilder builder, Instruction lstm, MatrixOp.Dense dense) {
        Tensor states = lstm.result();
        Shape shape = states.shape().with(2, dense.x().shape().size(1));
        Tensor x = builder.add(states.name() + ".x", new LayoutOp.Reshape(dense.x(), shape));
        Tensor weight = ((SequenceOp.Lstm) lstm.op()).weight();
        builder.append(
                lstm.results(), new SequenceOp.DenseLstm(x, dense.weight(), dense.bias(), weight, ElementType.F32));
    }

    private Optional<Fused> fused(Op op) {
        if (!(op instanceof SequenceOp.Lstm(var projected, var weight))
                || uses.onlyConsumer(projected).isEmpty()) {
            return Optional.empty();
        }
        return uses.producer(projected)
                .filter(shape -> shape.op() instanceof LayoutOp.Reshape(var sum, var _)
                        && uses.onlyConsumer(sum).isPresent())
                .flatMap(shape -> uses.producer(shape.op().operands().getFirst()))
                .filter(sum -> sum.op() instanceof MatrixOp.Dense dense
                        && dense.activation() == Activation.IDENTITY
                        && dense.weight().type() == weight.type())
                .map(sum -> new Fused((MatrixOp.Dense) sum.op(), projected, sum.result()));
    }
}
