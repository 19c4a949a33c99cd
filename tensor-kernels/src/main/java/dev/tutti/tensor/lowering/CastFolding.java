package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Lets products round their results themselves where all that is read of them is a cast to one type. A relu's gradient may lie in between: it
 * passes numbers on or makes them 0, which gives the same before rounding and after. Sums over columns, the gradients of biases, read the
 * rounded numbers too where these are bf16: they are summed faster, and none overflows or vanishes, as it may in f16.
 */
public final class CastFolding {
    private final Graph graph;
    private final GraphUses uses;
    /** Of what is rounded as it is made, by the tensor it replaces. */
    private final Map<Tensor, Tensor> rounded = new HashMap<>();
    /** Of what stays as it is, but is another result of an operation that rounds its first. */
    private final Map<Tensor, Tensor> further = new HashMap<>();

    private CastFolding(Graph graph) {
        this.graph = graph;
        this.uses = new GraphUses(graph);
    }

    /** The same results with fewer casts. */
    public static Graph fold(Graph graph) {
        return new CastFolding(graph).fold();
    }

    private Graph fold() {
        GraphBuilder builder = GraphBuilder.rewriting(graph);
        for (Instruction instruction : graph.instructions()) {
            Tensor result = instruction.result();
            Op op = instruction.op().with(this::replacement);
            Optional<Op> rounding = castType(instruction).flatMap(type -> rounding(op, type));
            if (rounding.isPresent()) {
                replace(instruction.results(), builder.addAll(result.name() + ".rounded", rounding.get()));
            } else if (followsRounded(instruction)) {
                rounded.put(result, op instanceof ElementwiseOp.Cast(var x, var _) ? x : add(builder, result, op));
            } else {
                builder.append(instruction.results(), op);
            }
        }
        return builder.keeping(graph).build();
    }

    private static Tensor add(GraphBuilder builder, Tensor replaced, Op op) {
        return builder.add(replaced.name() + ".rounded", op);
    }

    private void replace(List<Tensor> results, List<Tensor> replacements) {
        rounded.put(results.getFirst(), replacements.getFirst());
        for (int i = 1; i < results.size(); i++) {
            further.put(results.get(i), replacements.get(i));
        }
    }

    private Tensor replacement(Tensor tensor) {
        return rounded.getOrDefault(tensor, further.getOrDefault(tensor, tensor));
    }

    /** Whether the instruction's result has another type, since its operand has. */
    private boolean followsRounded(Instruction instruction) {
        return switch (instruction.op()) {
            case LayoutOp.Reshape _, LayoutOp.Transpose _, LayoutOp.Slice _, SequenceOp.Delay _ ->
                rounded.containsKey(instruction.op().operands().getFirst());
            case ElementwiseOp.ActivateGradient(var gradient, var _, var _) -> rounded.containsKey(gradient);
            case ElementwiseOp.Cast(var x, var type) ->
                rounded.containsKey(x) && replacement(x).type() == type;
            default -> false;
        };
    }

    /** The operation that does the same and rounds the result, if there is one. */
    private static Optional<Op> rounding(Op op, ElementType type) {
        return switch (op) {
            case MatrixOp.MatMul(var left, boolean transposeLeft, var right, boolean transposeRight) ->
                Optional.of(new MatrixOp.RoundedMatMul(left, transposeLeft, right, transposeRight, type));
            case MatrixOp.Dense(var x, var weight, var bias, var activation, var _) ->
                Optional.of(new MatrixOp.Dense(x, weight, bias, activation, type));
            case SequenceOp.AttentionGradient(
                    var gradient,
                    var qkv,
                    var output,
                    var logSumExp,
                    var ignored,
                    int heads,
                    boolean causal,
                    var _) ->
                Optional.of(new SequenceOp.AttentionGradient(
                        gradient, qkv, output, logSumExp, ignored, heads, causal, type));
            // Its kernel rounds time by time, which costs more than a cast of all times where conversions are not
            // oneDNN's.
            case SequenceOp.DenseLstm(var x, var inputWeight, var bias, var weight, var _)
            when type == ElementType.BF16 -> Optional.of(new SequenceOp.DenseLstm(x, inputWeight, bias, weight, type));
            case SequenceOp.LstmGradient(var gradient, var weight, var gates, var cells, var _) ->
                Optional.of(new SequenceOp.LstmGradient(gradient, weight, gates, cells, type));
            default -> Optional.empty();
        };
    }

    /** The type to which all who read an f32 result cast it, or sum over its columns, in bf16. */
    private Optional<ElementType> castType(Instruction instruction) {
        Tensor tensor = instruction.result();
        if (tensor.type() != ElementType.F32 || instruction.results().stream().anyMatch(uses::isVisible)) {
            return Optional.empty();
        }
        return uses.consumers(tensor).stream()
                .flatMap(consumer -> firstCast(consumer).stream())
                .findFirst()
                .filter(type -> isReadAs(type, tensor));
    }

    private Optional<ElementType> firstCast(Instruction consumer) {
        return switch (consumer.op()) {
            case ElementwiseOp.Cast(var _, var type) -> Optional.of(type);
            case LayoutOp.Reshape _,
                    LayoutOp.Transpose _,
                    LayoutOp.Slice _,
                    SequenceOp.Delay _,
                    ElementwiseOp.ActivateGradient _ -> {
                List<Instruction> next = uses.consumers(consumer.result());
                yield next.stream()
                        .flatMap(further -> firstCast(further).stream())
                        .findFirst();
            }
            default -> Optional.empty();
        };
    }

    private boolean isReadAs(ElementType type, Tensor tensor) {
        return !uses.isVisible(tensor)
                && uses.consumers(tensor).stream().allMatch(consumer -> isReadAs(type, tensor, consumer));
    }

    private boolean isReadAs(ElementType type, Tensor tensor, Instruction consumer) {
        return switch (consumer.op()) {
            case ElementwiseOp.Cast(var _, var to) -> to == type && !uses.isVisible(consumer.result());
            case MatrixOp.ColumnSum _ -> type == ElementType.BF16;
            case LayoutOp.Reshape _, LayoutOp.Transpose _, LayoutOp.Slice _, SequenceOp.Delay _ ->
                isReadAs(type, consumer.result());
            case ElementwiseOp.ActivateGradient(var _, var saved, var activation) ->
                activation == Activation.RELU
                        && saved.type() == type
                        && !saved.equals(tensor)
                        && isReadAs(type, consumer.result());
            default -> false;
        };
    }
}
