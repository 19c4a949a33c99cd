package dev.tutti.tensor.autodiff;

import static dev.tutti.tensor.graph.ElementType.F32;
import static dev.tutti.tensor.graph.ElementType.I32;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Stream;

/** Forward passes of every operation that has a gradient, of parameters alone, with the loss {@code loss-sum} and inputs {@code gradient-scale} and {@code statistic-scale}. */
final class DifferentiableGraphs {
    private static final Initializer WIDE = new Initializer.Uniform(0.9f);

    /** Integer inputs are drawn below this. */
    static final int CLASSES = 3;

    private DifferentiableGraphs() {}

    static Stream<Graph> all() {
        return Stream.of(matrices(), elementwise(), layouts(), convolutions(), norms(), sequences(), losses())
                .flatMap(Function.identity());
    }

    private static Stream<Graph> matrices() {
        return Stream.of(
                graph(n -> new MatrixOp.AddBias(n.parameter("x", 3, 4, 5), n.parameter("bias", 4, 5))),
                graph(n -> new MatrixOp.AddBias(n.parameter("x", 3, 5), n.parameter("bias", 5))),
                sharedWeight(),
                everyTranspose());
    }

    private static Stream<Graph> elementwise() {
        return Stream.concat(
                Stream.of(Activation.values())
                        .map(activation -> graph(n -> new ElementwiseOp.Activate(n.parameter("x", 4, 7), activation))),
                Stream.of(
                        graph(n -> new ElementwiseOp.Add(n.parameter("x", 3, 2), n.parameter("y", 3, 2))),
                        graph(n -> new ElementwiseOp.Dropout(n.parameter("x", 5, 7), n.ids("key", 6), 0.3f, 42))));
    }

    private static Stream<Graph> layouts() {
        return Stream.of(
                graph(n -> new LayoutOp.Reshape(n.parameter("x", 4, 6), Shape.of(3, 8))),
                graph(n -> new LayoutOp.Transpose(n.parameter("x", 2, 3, 4, 5), List.of(3, 0, 2, 1))),
                graph(n -> new LayoutOp.Concat(
                        List.of(n.parameter("x", 2, 3, 2), n.parameter("y", 2, 1, 2), n.parameter("z", 2, 4, 2)), 1)),
                graph(n -> new LayoutOp.Slice(n.parameter("x", 3, 5, 2), 1, 1, 4)),
                graph(n -> new LayoutOp.Pad(n.parameter("x", 3, 5, 2), 1, 2, 1)),
                graph(n -> new LayoutOp.Sum(n.parameter("x", 3, 5, 2), 1, 0.2f)),
                graph(n -> new LayoutOp.Repeat(n.parameter("x", 3, 2), 1, 4, 0.5f)));
    }

    private static Stream<Graph> convolutions() {
        return Stream.of(
                conv2d(Window.square(3, 1, 1), 1, Shape.of(2, 3, 5, 6), 4),
                conv2d(new Window(3, 2, 2, 3, 1, 0), 1, Shape.of(1, 2, 7, 8), 3),
                conv2d(Window.square(2, 1, 0), 2, Shape.of(3, 4, 3, 3), 6),
                conv2d(Window.square(5, 2, 2), 3, Shape.of(2, 3, 7, 7), 3),
                graph(n -> new ConvolutionOp.MaxPool(
                        n.parameter("x", 2, 3, 4, 6), Window.square(2, 2, 0), ImageLayout.SAMPLES_FIRST)),
                graph(n -> new ConvolutionOp.MaxPool(
                        n.parameter("x", 1, 2, 7, 5), new Window(3, 2, 2, 1, 1, 0), ImageLayout.SAMPLES_FIRST)),
                graph(n -> new ConvolutionOp.AveragePool(
                        n.parameter("x", 2, 3, 4, 6), Window.square(2, 2, 0), ImageLayout.SAMPLES_FIRST)),
                graph(n -> new ConvolutionOp.AveragePool(
                        n.parameter("x", 1, 2, 7, 5), new Window(3, 2, 2, 1, 1, 0), ImageLayout.SAMPLES_FIRST)));
    }

    private static Graph conv2d(Window window, int groups, Shape x, int outputs) {
        return graph(n -> new ConvolutionOp.Conv2d(
                n.parameter("x", x.size(0), x.size(1), x.size(2), x.size(3)),
                n.parameter("weight", outputs, x.size(1) / groups, window.height(), window.width()),
                n.parameter("bias", outputs),
                window,
                groups,
                ImageLayout.SAMPLES_FIRST));
    }

    private static Stream<Graph> norms() {
        return Stream.of(
                graph(n -> new NormalizationOp.Softmax(n.parameter("x", 3, 2, 5))),
                graph(n -> new NormalizationOp.LayerNorm(
                        n.parameter("x", 3, 2, 5), n.parameter("gamma", 5), n.parameter("beta", 5), 1e-5f)),
                batchNorm(4, 3),
                batchNorm(2, 3, 4, 5));
    }

    private static Graph batchNorm(int... x) {
        int channels = x[1];
        return graph(n -> new NormalizationOp.BatchNorm(
                n.parameter("x", x),
                n.parameter("gamma", channels),
                n.parameter("beta", channels),
                n.average("mean", channels),
                n.average("variance", channels),
                1e-5f,
                ImageLayout.SAMPLES_FIRST));
    }

    private static Stream<Graph> sequences() {
        return Stream.of(
                graph(n -> new SequenceOp.Embedding(n.parameter("table", CLASSES, 4), n.ids("ids", 5, 2))),
                graph(n -> new SequenceOp.AddPositions(n.parameter("x", 2, 4, 6))),
                graph(n -> new SequenceOp.Lstm(n.parameter("projected", 3, 4, 20), n.parameter("weight", 20, 5))),
                graph(n -> new SequenceOp.Lstm(n.parameter("projected", 2, 1, 8), n.parameter("weight", 8, 2))),
                graph(n -> pool(n, SequenceOp.Pooling.MEAN)),
                graph(n -> pool(n, SequenceOp.Pooling.LAST)),
                graph(n -> new SequenceOp.Attention(n.parameter("qkv", 2, 5, 24), Optional.empty(), 2, false)),
                graph(n -> new SequenceOp.Attention(n.parameter("qkv", 2, 5, 12), Optional.empty(), 1, true)),
                graph(n -> new SequenceOp.Attention(
                        n.parameter("qkv", 3, 4, 12),
                        Optional.of(n.builder.add("mask", new SequenceOp.PaddingMask(n.ids("ids", 3, 4), 0))),
                        2,
                        true)));
    }

    private static Op pool(Net n, SequenceOp.Pooling pooling) {
        Tensor mask = n.builder.add("mask", new SequenceOp.PaddingMask(n.ids("ids", 4, 3), 1));
        return new SequenceOp.TimePool(n.parameter("x", 4, 3, 5), mask, pooling);
    }

    private static Stream<Graph> losses() {
        return Stream.of(
                loss(n -> new LossOp.CrossEntropy(n.parameter("logits", 5, CLASSES), n.ids("labels", 5))),
                loss(n -> new LossOp.CrossEntropy(
                        n.parameter("logits", 9, CLASSES), n.ids("labels", 9), 0.1f, OptionalInt.of(1))),
                loss(n -> new LossOp.SquaredError(n.parameter("predictions", 4, 3), n.input("targets", 4, 3))),
                loss(n -> new LossOp.BinaryCrossEntropy(n.parameter("logits", 4, 3), n.input("targets", 4, 3))));
    }

    /** y = relu(x·wᵀ)·w + relu(x·wᵀ)·w: one weight read twice, one value read twice. */
    private static Graph sharedWeight() {
        return loss(n -> {
            Tensor x = n.input("x", 4, 5);
            Tensor w = n.parameter("w", 6, 5);
            Tensor product = n.builder.add("product", new MatrixOp.MatMul(x, false, w, true));
            Tensor hidden = n.builder.add("hidden", new ElementwiseOp.Activate(product, Activation.RELU));
            Tensor back = n.builder.add("back", new MatrixOp.MatMul(hidden, false, w, false));
            return new LossOp.CrossEntropy(
                    n.builder.add("twice", new ElementwiseOp.Add(back, back)), n.ids("labels", 4));
        });
    }

    /** (aᵀ·bᵀ)·(c·d)ᵀ, then its transpose times something. */
    private static Graph everyTranspose() {
        return graph(n -> {
            Tensor left = n.builder.add(
                    "left", new MatrixOp.MatMul(n.parameter("a", 5, 4), true, n.parameter("b", 6, 5), true));
            Tensor right = n.builder.add(
                    "right", new MatrixOp.MatMul(n.parameter("c", 3, 2), false, n.parameter("d", 2, 6), false));
            Tensor y = n.builder.add("product", new MatrixOp.MatMul(left, false, right, true));
            return new MatrixOp.MatMul(y, true, n.input("x", 4, 3), false);
        });
    }

    /** A builder with shorter words. */
    private record Net(GraphBuilder builder) {
        Tensor parameter(String name, int... sizes) {
            return builder.parameter(name, Shape.of(sizes), WIDE);
        }

        Tensor average(String name, int size) {
            return builder.parameter(name, Shape.of(size), WIDE, Parameter.Update.AVERAGED);
        }

        Tensor input(String name, int... sizes) {
            return builder.input(name, F32, Shape.of(sizes));
        }

        Tensor ids(String name, int... sizes) {
            return builder.input(name, I32, Shape.of(sizes));
        }
    }

    /** The loss is the result's squared distance from an input. */
    private static Graph graph(Function<Net, Op> op) {
        return loss(n -> {
            Tensor y = n.builder.add("y", op.apply(n));
            int columns = y.shape().last();
            int rows = Math.toIntExact(y.elementCount() / columns);
            Tensor matrix = n.builder.add("rows", new LayoutOp.Reshape(y, Shape.of(rows, columns)));
            return new LossOp.SquaredError(matrix, n.input("aim", rows, columns));
        });
    }

    private static Graph loss(Function<Net, Op> op) {
        GraphBuilder builder = new GraphBuilder();
        builder.output("loss-sum", builder.add("loss", op.apply(new Net(builder))));
        builder.input("gradient-scale", F32, Shape.SCALAR);
        builder.input("statistic-scale", F32, Shape.SCALAR);
        return builder.build();
    }
}
