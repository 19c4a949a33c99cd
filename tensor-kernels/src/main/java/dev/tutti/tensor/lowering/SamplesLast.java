package dev.tutti.tensor.lowering;

import static dev.tutti.tensor.graph.ImageLayout.SAMPLES_LAST;

import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Lets operations over images compute in {@link ImageLayout#SAMPLES_LAST}, and what is done element by element to their results, too. Images are
 * transposed where others read or write them: as features come in, where a dense layer begins, on the gradients' way back.
 */
public final class SamplesLast {
    private static final List<Integer> TO_LAST = List.of(1, 2, 3, 0);
    private static final List<Integer> TO_FIRST = List.of(3, 0, 1, 2);

    private final Graph graph;
    private final GraphBuilder builder;
    /** Images in the new order, by the tensor of the old graph. */
    private final Map<Tensor, Tensor> last = new HashMap<>();
    /** What stands for a tensor of the old graph that is not there any more, in its old order. */
    private final Map<Tensor, Tensor> first = new HashMap<>();

    private SamplesLast(Graph graph) {
        this.graph = graph;
        this.builder = GraphBuilder.rewriting(graph);
    }

    /** The same results; nothing changes where there are no images. */
    public static Graph lower(Graph graph) {
        return new SamplesLast(graph).lower();
    }

    private Graph lower() {
        for (Instruction instruction : graph.instructions()) {
            append(instruction.results(), instruction.op());
        }
        graph.outputs().forEach((name, tensor) -> builder.output(name, first(tensor)));
        for (int i = 0; i < graph.gradients().size(); i++) {
            builder.gradient(
                    graph.parameterTensors().get(i), first(graph.gradients().get(i)));
        }
        return builder.build();
    }

    private void append(List<Tensor> results, Op op) {
        if (!belongsLast(op)) {
            builder.append(results, op.with(this::first));
            return;
        }
        Op lowered = lowered(op);
        if (results.stream().noneMatch(SamplesLast::isImages) || op instanceof ConvolutionOp.Conv2dWeightGradient) {
            builder.append(results, lowered);
            return;
        }
        List<Tensor> added = builder.addAll(results.getFirst().name(), lowered);
        for (int i = 0; i < added.size(); i++) {
            (isImages(results.get(i)) ? last : first).put(results.get(i), added.get(i));
        }
    }

    private boolean belongsLast(Op op) {
        return switch (op) {
            case ConvolutionOp convolution -> convolution.layout() == ImageLayout.SAMPLES_FIRST;
            case NormalizationOp.BatchNorm norm -> isFirst(norm.x(), norm.layout());
            case NormalizationOp.BatchNormGradient norm -> isFirst(norm.x(), norm.layout());
            case NormalizationOp.BatchNormInference norm -> isFirst(norm.x(), norm.layout());
            // Its numbers are counted by rows.
            case ElementwiseOp.Dropout _ -> false;
            case ElementwiseOp elementwise -> elementwise.operands().stream().anyMatch(last::containsKey);
            case LayoutOp.Concat(var parts, int _) -> last.keySet().containsAll(parts);
            default -> false;
        };
    }

    private static boolean isFirst(Tensor x, ImageLayout layout) {
        return isImages(x) && layout == ImageLayout.SAMPLES_FIRST;
    }

    private static boolean isImages(Tensor tensor) {
        return tensor.shape().rank() == 4;
    }

    private Op lowered(Op op) {
        return switch (op) {
            case ConvolutionOp convolution -> convolution(convolution);
            case NormalizationOp.BatchNorm(var x, var gamma, var beta, var mean, var variance, float epsilon, var _) ->
                new NormalizationOp.BatchNorm(last(x), gamma, beta, mean, variance, epsilon, SAMPLES_LAST);
            case NormalizationOp.BatchNormGradient(var gradient, var x, var gamma, var mean, var inverse, var _) ->
                new NormalizationOp.BatchNormGradient(
                        last(gradient), last(x), gamma, first(mean), first(inverse), SAMPLES_LAST);
            case NormalizationOp.BatchNormInference(
                    var x,
                    var gamma,
                    var beta,
                    var mean,
                    var variance,
                    float epsilon,
                    var _) ->
                new NormalizationOp.BatchNormInference(last(x), gamma, beta, mean, variance, epsilon, SAMPLES_LAST);
            case LayoutOp.Concat(var parts, int axis) ->
                new LayoutOp.Concat(parts.stream().map(this::last).toList(), TO_LAST.indexOf(axis));
            default -> op.with(operand -> isImages(operand) ? last(operand) : first(operand));
        };
    }

    private Op convolution(ConvolutionOp op) {
        return switch (op) {
            case ConvolutionOp.Conv2d(var x, var weight, var bias, var window, int groups, var _) ->
                new ConvolutionOp.Conv2d(last(x), first(weight), first(bias), window, groups, SAMPLES_LAST);
            case ConvolutionOp.Conv2dMaxPool(var x, var weight, var bias, var window, int groups, var _) ->
                new ConvolutionOp.Conv2dMaxPool(last(x), first(weight), first(bias), window, groups, SAMPLES_LAST);
            case ConvolutionOp.MaxPoolScatter(var gradient, var places, int height, int width, var _) ->
                new ConvolutionOp.MaxPoolScatter(last(gradient), last(places), height, width, SAMPLES_LAST);
            case ConvolutionOp.Conv2dInputGradient(
                    var gradient,
                    var weight,
                    var window,
                    int groups,
                    int height,
                    int width,
                    var _) ->
                new ConvolutionOp.Conv2dInputGradient(
                        last(gradient), first(weight), window, groups, height, width, SAMPLES_LAST);
            case ConvolutionOp.Conv2dWeightGradient(var gradient, var x, var window, int groups, var _) ->
                new ConvolutionOp.Conv2dWeightGradient(last(gradient), last(x), window, groups, SAMPLES_LAST);
            case ConvolutionOp.MaxPool(var x, var window, var _) ->
                new ConvolutionOp.MaxPool(last(x), window, SAMPLES_LAST);
            case ConvolutionOp.MaxPoolGradient(var gradient, var x, var window, var _) ->
                new ConvolutionOp.MaxPoolGradient(last(gradient), last(x), window, SAMPLES_LAST);
            case ConvolutionOp.AveragePool(var x, var window, var _) ->
                new ConvolutionOp.AveragePool(last(x), window, SAMPLES_LAST);
            case ConvolutionOp.AveragePoolGradient(var gradient, var window, int height, int width, var _) ->
                new ConvolutionOp.AveragePoolGradient(last(gradient), window, height, width, SAMPLES_LAST);
        };
    }

    private Tensor last(Tensor images) {
        Tensor known = last.get(images);
        if (known != null) {
            return known;
        }
        Tensor there = first(images);
        Tensor transposed = builder.add(images.name() + ".samples-last", new LayoutOp.Transpose(there, TO_LAST));
        first.put(images, there);
        last.put(images, transposed);
        return transposed;
    }

    private Tensor first(Tensor tensor) {
        Tensor known = first.get(tensor);
        Tensor images = last.get(tensor);
        if (known != null || images == null) {
            return known == null ? tensor : known;
        }
        Tensor transposed = builder.add(tensor.name(), new LayoutOp.Transpose(images, TO_FIRST));
        first.put(tensor, transposed);
        return transposed;
    }
}
