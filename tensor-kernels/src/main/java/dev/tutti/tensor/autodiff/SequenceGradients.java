package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;

final class SequenceGradients {
    private SequenceGradients() {}

    static void backward(SequenceOp op, Instruction instruction, Tensor gradient, Tape tape) {
        switch (op) {
            case SequenceOp.Embedding(var table, var ids) ->
                tape.contribute(
                        table,
                        new SequenceOp.EmbeddingGradient(
                                gradient, ids, table.shape().size(0)));
            case SequenceOp.AddPositions(var x) -> tape.pass(x, gradient);
            case SequenceOp.TimePool(var x, var ignored, var pooling) ->
                tape.contribute(x, new SequenceOp.TimePoolGradient(gradient, ignored, pooling));
            case SequenceOp.Lstm lstm -> lstm(lstm, instruction.results(), gradient, tape);
            case SequenceOp.Attention(var qkv, var ignored, int heads, boolean causal) ->
                tape.contribute(
                        qkv,
                        new SequenceOp.AttentionGradient(
                                gradient,
                                qkv,
                                instruction.result(),
                                instruction.results().get(1),
                                ignored,
                                heads,
                                causal));
            case SequenceOp.PaddingMask _ -> {
                // Made of ids, which have no gradient.
            }
            case SequenceOp.EmbeddingGradient _,
                    SequenceOp.TimePoolGradient _,
                    SequenceOp.DenseLstm _,
                    SequenceOp.LstmGradient _,
                    SequenceOp.Delay _,
                    SequenceOp.AttentionGradient _ -> throw Autodiff.notDefined(op);
        }
    }

    /** The weight's is a product over all times at once: Σ dprojected[t, b]ᵀ · h[t − 1, b]. */
    private static void lstm(SequenceOp.Lstm op, List<Tensor> results, Tensor gradient, Tape tape) {
        Tensor weight = op.weight();
        Tensor states = results.getFirst();
        Tensor projected =
                tape.add(op.projected(), new SequenceOp.LstmGradient(gradient, weight, results.get(1), results.get(2)));
        if (tape.needs(weight)) {
            Tensor previous = tape.add(states, new SequenceOp.Delay(states));
            tape.contribute(weight, new MatrixOp.MatMul(rows(projected, tape), true, rows(previous, tape), false));
        }
        tape.pass(op.projected(), projected);
    }

    private static Tensor rows(Tensor sequences, Tape tape) {
        Shape shape = sequences.shape();
        return tape.add(
                sequences, new LayoutOp.Reshape(sequences, Shape.of(shape.size(0) * shape.size(1), shape.size(2))));
    }
}
