package dev.tutti.tensor.lowering;

import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Lets products (matrices, convolutions, recurrent cells, attention) read bf16 or f16: their operands are cast, once each; their sums, and with
 * them biases, losses, norms, reductions and all gradients, stay f32. Micikevicius et al. 2018. What a backend makes of it may round earlier: with
 * {@link CastFolding} the gradients of biases are sums, in f32, of numbers that have been rounded to bf16.
 */
public final class MixedPrecision {
    private final GraphBuilder builder;
    private final ElementType compute;
    private final Map<Tensor, Tensor> casts = new HashMap<>();
    /** Of a reshaped tensor, the one whose elements it shows. */
    private final Map<Tensor, Tensor> sources = new HashMap<>();
    /** Of a reshaped tensor, the first that shows the same elements in the same shape. */
    private final Map<Tensor, Tensor> originals = new HashMap<>();

    private final Map<Shown, Tensor> shown = new HashMap<>();

    private record Shown(Tensor source, Shape shape) {}

    private MixedPrecision(Graph graph, ElementType compute) {
        this.builder = GraphBuilder.rewriting(graph);
        this.compute = compute;
    }

    /**
     * @param compute what products read: f32 leaves the graph as it is
     * @throws IllegalArgumentException if it is not a type to compute in
     */
    public static Graph lower(Graph graph, ElementType compute) {
        return switch (compute) {
            case F32 -> graph;
            case BF16, F16 -> new MixedPrecision(graph, compute).lower(graph);
            case I32 -> throw new IllegalArgumentException("products compute in f32, bf16 or f16, not in " + compute);
        };
    }

    private Graph lower(Graph graph) {
        for (Instruction instruction : graph.instructions()) {
            builder.append(instruction.results(), lower(instruction.op()));
            if (instruction.op() instanceof LayoutOp.Reshape(var x, var shape)) {
                remember(instruction.result(), sources.getOrDefault(x, x), shape);
            }
        }
        return builder.keeping(graph).build();
    }

    private void remember(Tensor reshaped, Tensor source, Shape shape) {
        sources.put(reshaped, source);
        Tensor first =
                source.shape().equals(shape) ? source : shown.computeIfAbsent(new Shown(source, shape), _ -> reshaped);
        originals.put(reshaped, first);
    }

    private Op lower(Op op) {
        return switch (op) {
            case MatrixOp matrix -> matrix(matrix);
            case ConvolutionOp convolution -> convolution(convolution);
            case SequenceOp sequence -> sequence(sequence);
            case ElementwiseOp _, LayoutOp _, NormalizationOp _, LossOp _ -> op;
        };
    }

    private Op matrix(MatrixOp op) {
        return switch (op) {
            case MatrixOp.MatMul _ -> op.with(this::cast);
            case MatrixOp.AddBias _, MatrixOp.ColumnSum _ -> op;
            case MatrixOp.Dense _, MatrixOp.RoundedMatMul _ -> throw fused();
        };
    }

    private Op convolution(ConvolutionOp op) {
        return switch (op) {
            case ConvolutionOp.Conv2d(var x, var weight, var bias, var window, int groups, var layout) ->
                new ConvolutionOp.Conv2d(cast(x), cast(weight), bias, window, groups, layout);
            case ConvolutionOp.Conv2dInputGradient _, ConvolutionOp.Conv2dWeightGradient _ -> op.with(this::cast);
            case ConvolutionOp.Conv2dMaxPool _, ConvolutionOp.MaxPoolScatter _ -> throw fused();
            case ConvolutionOp.MaxPool _,
                    ConvolutionOp.MaxPoolGradient _,
                    ConvolutionOp.AveragePool _,
                    ConvolutionOp.AveragePoolGradient _ -> op;
        };
    }

    private Op sequence(SequenceOp op) {
        return switch (op) {
            case SequenceOp.Lstm(var projected, var weight) -> new SequenceOp.Lstm(projected, cast(weight));
            case SequenceOp.DenseLstm _ -> throw fused();
            case SequenceOp.LstmGradient(var gradient, var weight, var gates, var cells, var type) ->
                new SequenceOp.LstmGradient(gradient, cast(weight), gates, cells, type);
            case SequenceOp.Attention(var qkv, var ignored, int heads, boolean causal) ->
                new SequenceOp.Attention(cast(qkv), ignored, heads, causal);
            case SequenceOp.AttentionGradient(
                    var gradient,
                    var qkv,
                    var output,
                    var logSumExp,
                    var ignored,
                    int heads,
                    boolean causal,
                    var type) ->
                new SequenceOp.AttentionGradient(
                        cast(gradient), cast(qkv), output, logSumExp, ignored, heads, causal, type);
            case SequenceOp.Embedding _,
                    SequenceOp.EmbeddingGradient _,
                    SequenceOp.AddPositions _,
                    SequenceOp.PaddingMask _,
                    SequenceOp.TimePool _,
                    SequenceOp.TimePoolGradient _,
                    SequenceOp.Delay _ -> op;
        };
    }

    private static IllegalArgumentException fused() {
        return new IllegalArgumentException("precision is chosen before operations are fused");
    }

    private Tensor cast(Tensor tensor) {
        return casts.computeIfAbsent(
                originals.getOrDefault(tensor, tensor),
                t -> builder.add(t.name() + "." + compute, new ElementwiseOp.Cast(t, compute)));
    }
}
