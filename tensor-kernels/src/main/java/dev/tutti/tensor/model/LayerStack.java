package dev.tutti.tensor.model;

import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.random.CounterRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Appends layers to a graph, one on the other. A layer's parameters are named after its kind and number in the model, {@code conv2d-2.weight}, so that
 * complaints about shapes name the layer.
 */
final class LayerStack {
    private final GraphBuilder builder;
    private final Mode mode;
    private final Map<String, Integer> numbers = new HashMap<>();
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

    /** @throws IllegalArgumentException naming the layer that does not fit to what comes in, and both shapes */
    Tensor append(List<Layer> layers, Tensor input) {
        Tensor x = input;
        for (Layer layer : layers) {
            x = append(layer, x);
        }
        return x;
    }

    private Tensor append(Layer layer, Tensor x) {
        return switch (layer) {
            case Layer.Dense(int units) -> dense(name("dense"), x, units);
            case Layer.TiedDense _ -> sequences.tiedDense(name("tied-dense"), x);
            case Layer.Conv2d conv -> convolutions.conv2d(name("conv2d"), x, conv);
            case Layer.MaxPool(var window) -> convolutions.maxPool(name("max-pool"), x, window);
            case Layer.AveragePool(var window) -> convolutions.averagePool(name("average-pool"), x, window);
            case Layer.Flatten _ ->
                reshape(name("flatten"), x, Shape.of(samples(x), Math.toIntExact(x.elementCount() / samples(x))));
            case Layer.Reshape(var shape) -> {
                List<Integer> sizes = new ArrayList<>(shape);
                sizes.addFirst(samples(x));
                yield reshape(name("reshape"), x, new Shape(sizes));
            }
            case Layer.Activate(var activation) ->
                builder.add(name(activation.toString()), new ElementwiseOp.Activate(x, activation));
            case Layer.Softmax _ -> builder.add(name("softmax"), new NormalizationOp.Softmax(x));
            case Layer.Dropout(float rate) -> dropout(name("dropout"), x, rate);
            case Layer.LayerNorm(float epsilon) -> layerNorm(name("layer-norm"), x, epsilon);
            case Layer.BatchNorm(float epsilon) -> batchNorm(name("batch-norm"), x, epsilon);
            case Layer.Embedding embedding -> sequences.embedding(name("embedding"), x, embedding);
            case Layer.Positions(var encoding) -> sequences.positions(name("positions"), x, encoding);
            case Layer.Attention attention -> sequences.attention(name("attention"), x, attention);
            case Layer.Lstm lstm -> sequences.lstm(name("lstm"), x, lstm);
            case Layer.Mean _ -> sequences.mean(name("mean"), x);
            case Layer.Residual(var layers) ->
                builder.add(name("residual"), new ElementwiseOp.Add(x, append(layers, x)));
            case Layer.Concat(var branches) -> concat(name("concat"), x, branches);
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
        if (x.shape().rank() < 2) {
            throw new IllegalArgumentException(name + ": expected channels, got " + x);
        }
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

    private Tensor concat(String name, Tensor x, List<List<Layer>> branches) {
        List<Tensor> parts = branches.stream().map(layers -> append(layers, x)).toList();
        int rank = parts.getFirst().shape().rank();
        return builder.add(name, new LayoutOp.Concat(parts, rank == 4 ? 1 : rank - 1));
    }

    private static int samples(Tensor x) {
        return x.shape().size(0);
    }
}
