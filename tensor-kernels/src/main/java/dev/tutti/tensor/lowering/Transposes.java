package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.Map;

/** Leaves out transpositions that undo the one before, and then those that nobody reads. */
public final class Transposes {
    private final Graph graph;
    private final GraphUses uses;
    /** Of what has been transposed back, what was there at first. */
    private final Map<Tensor, Tensor> originals = new HashMap<>();

    private final Map<Tensor, LayoutOp.Transpose> transposes = new HashMap<>();

    private Transposes(Graph graph) {
        this.graph = graph;
        this.uses = new GraphUses(graph);
    }

    /** The same results; nothing changes where nothing is transposed twice. */
    public static Graph cancel(Graph graph) {
        return withoutUnread(new Transposes(graph).cancel());
    }

    private Graph cancel() {
        GraphBuilder builder = GraphBuilder.rewriting(graph);
        for (Instruction instruction : graph.instructions()) {
            Op op = instruction.op().with(tensor -> originals.getOrDefault(tensor, tensor));
            if (op instanceof LayoutOp.Transpose transpose) {
                Tensor result = instruction.result();
                transposes.put(result, transpose);
                LayoutOp.Transpose before = transposes.get(transpose.x());
                if (before != null && before.inverse().equals(transpose.axes()) && !uses.isVisible(result)) {
                    originals.put(result, before.x());
                    continue;
                }
            }
            builder.append(instruction.results(), op);
        }
        return builder.keeping(graph).build();
    }

    private static Graph withoutUnread(Graph graph) {
        GraphUses uses = new GraphUses(graph);
        GraphBuilder builder = GraphBuilder.rewriting(graph);
        for (Instruction instruction : graph.instructions()) {
            Tensor result = instruction.result();
            boolean isRead = uses.isVisible(result) || !uses.consumers(result).isEmpty();
            if (isRead || !(instruction.op() instanceof LayoutOp.Transpose)) {
                builder.append(instruction.results(), instruction.op());
            }
        }
        return builder.keeping(graph).build();
    }
}
