package dev.tutti.tensor.graph;

import java.util.List;
import java.util.Optional;

/** Results of {@link SequenceOp}. */
final class SequenceShapes {
    private SequenceShapes() {}

    static List<ResultType> infer(SequenceOp op, OperandChecks checks) {
        return switch (op) {
            case SequenceOp.Embedding(var table, var ids) -> {
                checks.f32(table);
                checks.i32(ids);
                yield ResultType.f32(ids.shape().append(checks.matrix(table).size(1)));
            }
            case SequenceOp.EmbeddingGradient(var gradient, var ids, int vocabulary) -> {
                checks.f32(gradient);
                checks.i32(ids);
                checks.shape(gradient, ids.shape().append(gradient.shape().last()));
                yield ResultType.f32(Shape.of(vocabulary, gradient.shape().last()));
            }
            case SequenceOp.AddPositions(var x) -> {
                checks.f32(x);
                yield ResultType.f32(checks.sequences(x));
            }
            case SequenceOp.PaddingMask(var ids, int _) -> {
                checks.i32(ids);
                yield List.of(new ResultType("", ElementType.I32, ids.shape()));
            }
            case SequenceOp.TimePool(var x, var ignored, var _) -> {
                checks.f32(x);
                checks.i32(ignored);
                Shape shape = checks.sequences(x);
                checks.shape(ignored, shape.without(2));
                yield ResultType.f32(shape.without(1));
            }
            case SequenceOp.TimePoolGradient(var gradient, var ignored, var _) -> {
                checks.f32(gradient);
                checks.i32(ignored);
                Shape times = checks.matrix(ignored);
                checks.shape(gradient, checks.matrix(gradient).with(0, times.size(0)));
                yield ResultType.f32(times.append(gradient.shape().size(1)));
            }
            case SequenceOp.Delay(var x) -> {
                checks.floats(x);
                yield List.of(new ResultType("", x.type(), checks.sequences(x)));
            }
            case SequenceOp.Lstm(var projected, var weight) -> {
                checks.f32(projected);
                int hidden = hidden(checks.sequences(projected), weight, checks);
                yield lstm(projected.shape().with(2, hidden), ElementType.F32);
            }
            case SequenceOp.DenseLstm(var x, var inputWeight, var bias, var weight, var type) -> {
                checks.floats(x);
                checks.of(x.type(), inputWeight, weight);
                checks.f32(bias);
                Shape sequences = checks.sequences(x);
                int gates = checks.matrix(inputWeight).size(0);
                checks.shape(inputWeight, Shape.of(gates, sequences.size(2)));
                checks.vector(bias, gates);
                int hidden = hidden(sequences.with(2, gates), weight, checks);
                yield lstm(sequences.with(2, hidden), checks.floatType(type));
            }
            case SequenceOp.LstmGradient(var gradient, var weight, var gates, var cells, var type) -> {
                checks.f32(gradient, cells);
                checks.floats(gates);
                int hidden = hidden(checks.sequences(gates), weight, checks);
                checks.shape(gradient, gates.shape().with(2, hidden));
                checks.same(gradient, cells);
                yield List.of(new ResultType("", checks.floatType(type), gates.shape()));
            }
            case SequenceOp.Attention(var qkv, var ignored, int heads, boolean _) -> {
                Shape output = attention(qkv, ignored, heads, checks);
                yield List.of(ResultType.first(output), ResultType.further("log-sum-exp", logSumExp(output, heads)));
            }
            case SequenceOp.AttentionGradient(
                    var gradient,
                    var qkv,
                    var output,
                    var logSumExp,
                    var ignored,
                    int heads,
                    boolean _,
                    var type) -> {
                checks.of(qkv.type(), gradient);
                checks.f32(output, logSumExp);
                checks.shape(gradient, attention(qkv, ignored, heads, checks));
                checks.same(gradient, output);
                checks.shape(logSumExp, logSumExp(output.shape(), heads));
                yield List.of(new ResultType("", checks.floatType(type), qkv.shape()));
            }
        };
    }

    private static List<ResultType> lstm(Shape states, ElementType type) {
        Shape gates = states.with(2, SequenceOp.Lstm.GATES * states.size(2));
        return List.of(
                new ResultType("", type, states),
                new ResultType(".gates", type, gates),
                ResultType.further("cells", states));
    }

    private static int hidden(Shape projected, Tensor weight, OperandChecks checks) {
        checks.floats(weight);
        int hidden = projected.size(2) / SequenceOp.Lstm.GATES;
        checks.check(
                projected.size(2) % SequenceOp.Lstm.GATES == 0, "expected a width of four gates, got " + projected);
        checks.shape(weight, Shape.of(projected.size(2), hidden));
        return hidden;
    }

    private static Shape attention(Tensor qkv, Optional<Tensor> ignored, int heads, OperandChecks checks) {
        checks.floats(qkv);
        Shape shape = checks.sequences(qkv);
        checks.check(shape.size(2) % 3 == 0, "expected queries, keys and values of one width, got " + shape);
        int width = shape.size(2) / 3;
        checks.check(
                heads >= 1 && width % heads == 0, "expected heads to divide the width " + width + ", got " + heads);
        ignored.ifPresent(mask -> {
            checks.i32(mask);
            checks.shape(mask, Shape.of(shape.size(0), shape.size(1)));
        });
        return shape.with(2, width);
    }

    private static Shape logSumExp(Shape output, int heads) {
        return Shape.of(output.size(0), heads, output.size(1));
    }
}
