package dev.tutti.tensor.model;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.ShapeException;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.random.CounterRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Appends layers to a graph, one on the other. A layer's parameters are named after its kind and number in the model, {@code conv2d-2.weight}.
 */
final class LayerStack {
    private final GraphBuilder builder;
    private final Mode mode;
    private final Map<String, Integer> numbers = new HashMap<>();
    /** Of the layer that is being appended; see {@link LayerException#place}. */
    private final Deque<Integer> place = new ArrayDeque<>();

    private final ConvolutionLayers convolutions;
    private final SequenceLayers sequences;

    /** What dropout and batch norm depend on. */
    sealed interface Mode {
        /** @param dropoutKey i32; see {@link ElementwiseOp.Dropout} */
        record Training(Tensor dropoutKey) implements Mode {}

        record Evaluation() implements Mode {}
    }

    /** @param padding which ids of the input are padding, if any are */
    LayerStack(GraphBuilder builder, Mode mode, Optional<Tensor> padding) {
        this.builder = builder;
        this.mode = mode;
        this.convolutions = new ConvolutionLayers(builder);
        this.sequences = new SequenceLayers(builder, this, padding);
    }

    /** @throws LayerException if a layer does not fit to what comes in */
    Tensor append(List<Layer> layers, Tensor input) {
        Tensor x = input;
        for (int i = 0; i < layers.size(); i++) {
            place.addLast(i);
            x = placed(layers.get(i), x);
            place.removeLast();
        }
        return x;
    }

    private Tensor placed(Layer layer, Tensor x) {
        String name = name(layer.kind());
        try {
            return append(name, layer, x);
        } catch (LayerException e) {
            throw e;
        } catch (ShapeException e) {
            throw misfit(name, x, e.sentence(), e);
        } catch (IllegalArgumentException e) {
            throw misfit(name, x, String.valueOf(e.getMessage()), e);
        } catch (ArithmeticException e) {
            throw misfit(name, x, "expected at most 2,147,483,647 rows and numbers of a row, got more", e);
        }
    }

    private LayerException misfit(String name, Tensor x, String sentence, Exception cause) {
        return new LayerException(
                name,
                List.copyOf(place),
                "%s; its input is %s%s for each sample"
                        .formatted(sentence, sample(x.shape()), x.type() == ElementType.I32 ? ", of tokens," : ""),
                cause);
    }

    private Tensor append(String name, Layer layer, Tensor x) {
        if (!mayTakeTokens(layer)) {
            requireNumbers(x);
        }
        return switch (layer) {
            case Layer.Dense(int units) -> dense(name, x, units);
            case Layer.TiedDense _ -> sequences.tiedDense(name, x);
            case Layer.Conv2d conv -> convolutions.conv2d(name, x, conv);
            case Layer.MaxPool(var window) -> convolutions.maxPool(name, x, window);
            case Layer.AveragePool(var window) -> convolutions.averagePool(name, x, window);
            case Layer.Flatten _ ->
                reshape(name, x, Shape.of(samples(x), Math.toIntExact(x.elementCount() / samples(x))));
            case Layer.Reshape(var shape) -> reshape(name, x, reshaped(x, shape));
            case Layer.Activate(var activation) -> builder.add(name, new ElementwiseOp.Activate(x, activation));
            case Layer.Softmax _ -> builder.add(name, new NormalizationOp.Softmax(x));
            case Layer.Dropout(float rate) -> dropout(name, x, rate);
            case Layer.LayerNorm(float epsilon) -> layerNorm(name, x, epsilon);
            case Layer.BatchNorm(float epsilon) -> batchNorm(name, x, epsilon);
            case Layer.Embedding embedding -> sequences.embedding(name, x, embedding);
            case Layer.Positions(var encoding) -> sequences.positions(name, x, encoding);
            case Layer.Attention attention -> sequences.attention(name, x, attention);
            case Layer.Lstm lstm -> sequences.lstm(name, x, lstm);
            case Layer.Mean _ -> sequences.mean(name, x);
            case Layer.Residual(var layers) ->
                builder.add(name, new ElementwiseOp.Add(x, requireShape(append(layers, x), x.shape())));
            case Layer.Concat(var branches) -> concat(name, x, branches);
        };
    }

    /** The next one of its kind: {@code dense-3}. */
    private String name(String kind) {
        return kind + "-" + numbers.merge(kind, 1, Integer::sum);
    }

    /** Over the last dimension, with a weight (units, in) and a bias, first values as PyTorch's {@code nn.Linear}. */
    Tensor dense(String name, Tensor x, int units) {
        int inputs = x.shape().last();
        Initializer initializer = Initializer.Uniform.fanIn(inputs);
        Tensor weight = builder.parameter(name + ".weight", Shape.of(units, inputs), initializer);
        Tensor bias = builder.parameter(name + ".bias", Shape.of(units), initializer);
        return affine(name, x, weight, bias);
    }

    /** x · weightᵀ + bias over the last dimension. */
    Tensor affine(String name, Tensor x, Tensor weight, Tensor bias) {
        int inputs = x.shape().last();
        Tensor rows = reshape(name + ".rows", x, Shape.of(Math.toIntExact(x.elementCount() / inputs), inputs));
        Tensor product = builder.add(name + ".product", new MatrixOp.MatMul(rows, false, weight, true));
        Tensor sum = builder.add(name + ".sum", new MatrixOp.AddBias(product, bias));
        Shape result = x.shape().with(x.shape().rank() - 1, weight.shape().size(0));
        return reshape(name, sum, result);
    }

    /** Nothing if the shape is the same. */
    Tensor reshape(String name, Tensor x, Shape shape) {
        return x.shape().equals(shape) ? x : builder.add(name, new LayoutOp.Reshape(x, shape));
    }

    private Tensor dropout(String name, Tensor x, float rate) {
        return switch (mode) {
            case Mode.Training(var key) ->
                builder.add(name, new ElementwiseOp.Dropout(x, key, rate, CounterRandom.stream(name)));
            case Mode.Evaluation _ -> x;
        };
    }

    private Tensor layerNorm(String name, Tensor x, float epsilon) {
        Shape columns = Shape.of(x.shape().last());
        Tensor gamma = builder.parameter(name + ".gamma", columns, new Initializer.Constant(1));
        Tensor beta = builder.parameter(name + ".beta", columns, new Initializer.Constant(0));
        return builder.add(name, new NormalizationOp.LayerNorm(x, gamma, beta, epsilon));
    }

    private Tensor batchNorm(String name, Tensor x, float epsilon) {
        requireChannels(x.shape());
        Shape channels = Shape.of(x.shape().size(1));
        Tensor gamma = builder.parameter(name + ".gamma", channels, new Initializer.Constant(1));
        Tensor beta = builder.parameter(name + ".beta", channels, new Initializer.Constant(0));
        Tensor mean = builder.parameter(
                name + ".running-mean", channels, new Initializer.Constant(0), Parameter.Update.AVERAGED);
        Tensor variance = builder.parameter(
                name + ".running-variance", channels, new Initializer.Constant(1), Parameter.Update.AVERAGED);
        return builder.add(
                name,
                switch (mode) {
                    case Mode.Training _ ->
                        new NormalizationOp.BatchNorm(
                                x, gamma, beta, mean, variance, epsilon, ImageLayout.SAMPLES_FIRST);
                    case Mode.Evaluation _ ->
                        new NormalizationOp.BatchNormInference(
                                x, gamma, beta, mean, variance, epsilon, ImageLayout.SAMPLES_FIRST);
                });
    }

    private static void requireChannels(Shape shape) {
        if (shape.rank() != 2 && shape.rank() != 4) {
            String remedy = shape.rank() == 3
                    ? "; of images without channels, reshape: [1, %d, %d] before it makes such with one"
                            .formatted(shape.size(1), shape.size(2))
                    : "";
            throw new ShapeException("expected [channels] or [channels, height, width]" + remedy);
        }
    }

    private Tensor concat(String name, Tensor x, List<List<Layer>> branches) {
        List<Tensor> parts = new ArrayList<>();
        for (int branch = 0; branch < branches.size(); branch++) {
            place.addLast(branch);
            parts.add(append(branches.get(branch), x));
            place.removeLast();
        }
        Tensor first = parts.getFirst();
        int rank = first.shape().rank();
        int axis = rank == 4 ? 1 : rank - 1;
        if (!parts.stream().allMatch(part -> isAlike(first, part, axis))) {
            String free = rank == 4 ? "the channels" : "the last one";
            String got = parts.stream()
                    .map(part -> String.valueOf(sample(part.shape())))
                    .collect(Collectors.joining(" and "));
            throw new ShapeException("expected branches that give the same sizes but for " + free + ", got " + got);
        }
        return builder.add(name, new LayoutOp.Concat(parts, axis));
    }

    private static boolean isAlike(Tensor left, Tensor right, int axis) {
        return left.type() == right.type()
                && left.shape().rank() == right.shape().rank()
                && left.shape().with(axis, 1).equals(right.shape().with(axis, 1));
    }

    private static boolean mayTakeTokens(Layer layer) {
        return layer instanceof Layer.Embedding
                || layer instanceof Layer.Flatten
                || layer instanceof Layer.Reshape
                || layer instanceof Layer.Concat;
    }

    private static void requireNumbers(Tensor x) {
        if (x.type() != ElementType.F32) {
            throw new ShapeException("expected numbers, got tokens, of which an embedding makes vectors");
        }
    }

    private static Tensor requireShape(Tensor y, Shape expected) {
        if (!y.shape().equals(expected)) {
            throw new ShapeException(
                    "expected its layers to keep the sizes of what comes in, got " + sample(y.shape()));
        }
        return y;
    }

    private static Shape reshaped(Tensor x, List<Integer> sample) {
        long expected = x.elementCount() / samples(x);
        long got = new Shape(sample).elementCount();
        if (got != expected) {
            throw new ShapeException(
                    "expected a shape of %,d numbers, got %s, which has %,d".formatted(expected, sample, got));
        }
        List<Integer> sizes = new ArrayList<>(sample);
        sizes.addFirst(samples(x));
        return new Shape(sizes);
    }

    /** Sizes without the samples. */
    private static List<Integer> sample(Shape shape) {
        return shape.sizes().subList(1, shape.rank());
    }

    private static int samples(Tensor x) {
        return x.shape().size(0);
    }
}
