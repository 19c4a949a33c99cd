package dev.tutti.tensor.backend;

import static dev.tutti.tensor.graph.ElementType.BF16;
import static dev.tutti.tensor.graph.ElementType.F16;
import static dev.tutti.tensor.graph.ElementType.F32;
import static dev.tutti.tensor.graph.ImageLayout.SAMPLES_FIRST;
import static dev.tutti.tensor.graph.ImageLayout.SAMPLES_LAST;

import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Window;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** Convolutions, pooling, norms, recurrence and attention. */
final class LayerGraphs {
    private static final List<ElementType> FLOATS = List.of(F32, BF16, F16);

    private LayerGraphs() {}

    static Stream<OperationCase> all() {
        return Stream.of(
                        CONVOLUTIONS.stream()
                                .flatMap(size -> FLOATS.stream().flatMap(type -> convolutions(type, size))),
                        POOLS.stream().flatMap(LayerGraphs::pools),
                        norms(1, 1),
                        norms(1, 7),
                        norms(5, 33),
                        norms(64, 128),
                        norms(2, 2100),
                        sequences(1, 1, 1),
                        sequences(1, 5, 3),
                        sequences(3, 7, 17),
                        sequences(16, 4, 32),
                        pools(1, 1, 1),
                        pools(9, 2, 5),
                        pools(3, 40, 33),
                        attentions(1, 1, 1, 1),
                        attentions(2, 5, 3, 4),
                        attentions(3, 33, 2, 16),
                        attentions(1, 130, 2, 32),
                        attentions(1, 300, 1, 4),
                        attentions(1, 600, 1, 4))
                .flatMap(Function.identity());
    }

    private record Conv(int samples, int channels, int height, int width, int outputs, int groups, Window window) {}

    private static final List<Conv> CONVOLUTIONS = List.of(
            new Conv(1, 1, 1, 1, 1, 1, Window.square(1, 1, 0)),
            new Conv(3, 1, 28, 28, 6, 1, Window.square(5, 1, 2)),
            new Conv(2, 6, 14, 14, 16, 1, Window.square(5, 1, 0)),
            new Conv(17, 3, 6, 5, 4, 1, Window.square(3, 1, 1)),
            new Conv(1, 16, 9, 9, 32, 1, Window.square(3, 2, 1)),
            new Conv(2, 4, 7, 8, 6, 2, new Window(3, 2, 2, 3, 1, 0)),
            new Conv(1, 6, 5, 5, 6, 6, Window.square(3, 1, 1)));

    private static Stream<OperationCase> convolutions(ElementType type, Conv c) {
        return Stream.of(ImageLayout.values()).flatMap(layout -> convolutions(type, c, layout));
    }

    private static Stream<OperationCase> convolutions(ElementType type, Conv c, ImageLayout layout) {
        int[] x = sizes(layout, c.samples, c.channels, c.height, c.width);
        int height = c.window.outputHeight(c.height);
        int width = c.window.outputWidth(c.width);
        int[] y = sizes(layout, c.samples, c.outputs, height, width);
        int[] weight = {c.outputs, c.channels / c.groups, c.window.height(), c.window.width()};
        return Stream.concat(
                Stream.of(
                        OperationCase.of(in -> new ConvolutionOp.Conv2d(
                                in.of(type, "x", x),
                                in.of(type, "weight", weight),
                                in.f32("bias", c.outputs),
                                c.window,
                                c.groups,
                                layout)),
                        OperationCase.of(in -> new ConvolutionOp.Conv2dInputGradient(
                                in.of(type, "gradient", y),
                                in.of(type, "weight", weight),
                                c.window,
                                c.groups,
                                c.height,
                                c.width,
                                layout)),
                        OperationCase.of(in -> new ConvolutionOp.Conv2dWeightGradient(
                                in.of(type, "gradient", y), in.of(type, "x", x), c.window, c.groups, layout))),
                height < 2 || width < 2
                        ? Stream.of()
                        : Stream.of(OperationCase.of(in -> new ConvolutionOp.Conv2dMaxPool(
                                in.of(type, "x", x),
                                in.of(type, "weight", weight),
                                in.f32("bias", c.outputs),
                                c.window,
                                c.groups,
                                layout))));
    }

    private static int[] sizes(ImageLayout layout, int samples, int channels, int height, int width) {
        return layout.shape(samples, channels, height, width).sizes().stream()
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private record Pool(int samples, int channels, int height, int width, Window window) {}

    private static final List<Pool> POOLS = List.of(
            new Pool(1, 1, 1, 1, Window.square(1, 1, 0)),
            new Pool(5, 6, 28, 28, Window.square(2, 2, 0)),
            new Pool(2, 3, 7, 5, Window.square(2, 2, 0)),
            new Pool(1, 2, 9, 8, Window.square(3, 2, 1)),
            new Pool(2, 1, 7, 5, new Window(3, 2, 2, 1, 1, 0)));

    private static Stream<OperationCase> pools(Pool p) {
        return Stream.of(ImageLayout.values()).flatMap(layout -> pools(p, layout));
    }

    private static Stream<OperationCase> pools(Pool p, ImageLayout layout) {
        int height = p.window.outputHeight(p.height);
        int width = p.window.outputWidth(p.width);
        int[] x = sizes(layout, p.samples, p.channels, p.height, p.width);
        int[] y = sizes(layout, p.samples, p.channels, height, width);
        return Stream.concat(
                Stream.of(
                        OperationCase.of(in -> new ConvolutionOp.MaxPool(in.f32("x", x), p.window, layout)),
                        OperationCase.of(in -> new ConvolutionOp.MaxPoolGradient(
                                in.f32("gradient", y), in.f32("x", x), p.window, layout)),
                        OperationCase.of(in -> new ConvolutionOp.AveragePool(in.f32("x", x), p.window, layout)),
                        OperationCase.of(in -> new ConvolutionOp.AveragePoolGradient(
                                in.f32("gradient", y), p.window, p.height, p.width, layout))),
                p.height < 2
                        ? Stream.of()
                        : Stream.of(OperationCase.of(
                                5,
                                in -> new ConvolutionOp.MaxPoolScatter(
                                        in.f32("gradient", half(layout, p)),
                                        in.i32("places", half(layout, p)),
                                        p.height,
                                        p.width,
                                        layout))));
    }

    private static int[] half(ImageLayout layout, Pool p) {
        return sizes(layout, p.samples, p.channels, p.height / 2, p.width / 2);
    }

    private static Stream<OperationCase> norms(int r, int c) {
        return Stream.concat(
                Stream.of(
                        OperationCase.of(in -> new NormalizationOp.Softmax(in.f32("x", r, c))),
                        OperationCase.of(in ->
                                new NormalizationOp.SoftmaxGradient(in.f32("gradient", r, c), in.f32("output", r, c))),
                        OperationCase.of(in -> new NormalizationOp.LayerNorm(
                                in.f32("x", r, c), in.f32("gamma", c), in.f32("beta", c), 1e-5f)),
                        OperationCase.of(in -> new NormalizationOp.LayerNormGradient(
                                in.f32("gradient", r, c),
                                in.f32("x", r, c),
                                in.f32("gamma", c),
                                in.f32("mean", r),
                                in.f32("inverse", r)))),
                Stream.of(
                                batchNorms(c, SAMPLES_FIRST, r, c),
                                batchNorms(c, SAMPLES_FIRST, r, c, 3, 2),
                                batchNorms(c, SAMPLES_LAST, c, 3, 2, r))
                        .flatMap(Function.identity()));
    }

    private static Stream<OperationCase> batchNorms(int c, ImageLayout layout, int... x) {
        return Stream.of(
                OperationCase.of(in -> new NormalizationOp.BatchNorm(
                        in.f32("x", x),
                        in.f32("gamma", c),
                        in.f32("beta", c),
                        in.f32("running-mean", c),
                        in.f32("running-variance", c),
                        1e-3f,
                        layout)),
                OperationCase.of(in -> new NormalizationOp.BatchNormGradient(
                        in.f32("gradient", x),
                        in.f32("x", x),
                        in.f32("gamma", c),
                        in.f32("mean", c),
                        in.f32("inverse", c),
                        layout)),
                OperationCase.of(in -> new NormalizationOp.BatchNormInference(
                        in.f32("x", x),
                        in.f32("gamma", c),
                        in.f32("beta", c),
                        in.f32("mean", c),
                        in.f32("variance", c),
                        2f,
                        layout)));
    }

    private static Stream<OperationCase> sequences(int b, int t, int width) {
        int vocabulary = 11;
        return Stream.concat(
                Stream.of(
                        OperationCase.of(
                                vocabulary,
                                in -> new SequenceOp.Embedding(
                                        in.f32("table", vocabulary, width), in.i32("ids", b, t))),
                        OperationCase.of(
                                vocabulary,
                                in -> new SequenceOp.EmbeddingGradient(
                                        in.f32("gradient", b, t, width), in.i32("ids", b, t), vocabulary)),
                        OperationCase.of(in -> new SequenceOp.AddPositions(in.f32("x", b, t, width))),
                        OperationCase.of(3, in -> new SequenceOp.PaddingMask(in.i32("ids", b, t), 2))),
                FLOATS.stream().flatMap(type -> recurrences(b, t, width, type)));
    }

    private static Stream<OperationCase> recurrences(int b, int t, int width, ElementType type) {
        return Stream.concat(
                Stream.of(
                        OperationCase.of(in -> new SequenceOp.Delay(in.of(type, "x", t, b, width))),
                        OperationCase.of(in -> new SequenceOp.Lstm(
                                in.f32("projected", t, b, 4 * width), in.of(type, "weight", 4 * width, width)))),
                Stream.of(type, ElementType.F32)
                        .distinct()
                        .flatMap(result -> Stream.of(
                                OperationCase.of(in -> new SequenceOp.DenseLstm(
                                        in.of(type, "x", t, b, 3),
                                        in.of(type, "input-weight", 4 * width, 3),
                                        in.f32("bias", 4 * width),
                                        in.of(type, "weight", 4 * width, width),
                                        result)),
                                OperationCase.of(in -> new SequenceOp.LstmGradient(
                                        in.f32("gradient", t, b, width),
                                        in.of(type, "weight", 4 * width, width),
                                        in.of(result, "gates", t, b, 4 * width),
                                        in.f32("cells", t, b, width),
                                        result)))));
    }

    private static Stream<OperationCase> pools(int b, int t, int width) {
        return Stream.of(SequenceOp.Pooling.values())
                .flatMap(pooling -> Stream.of(
                        OperationCase.of(
                                2,
                                in -> new SequenceOp.TimePool(in.f32("x", b, t, width), in.i32("mask", b, t), pooling)),
                        OperationCase.of(
                                2,
                                in -> new SequenceOp.TimePoolGradient(
                                        in.f32("gradient", b, width), in.i32("mask", b, t), pooling))));
    }

    private static Stream<OperationCase> attentions(int b, int t, int heads, int size) {
        int width = heads * size;
        return FLOATS.stream()
                .flatMap(type -> Stream.of(false, true)
                        .flatMap(causal -> Stream.of(false, true)
                                .flatMap(masked -> Stream.of(
                                        OperationCase.of(
                                                2,
                                                in -> new SequenceOp.Attention(
                                                        in.of(type, "qkv", b, t, 3 * width),
                                                        masked ? Optional.of(in.i32("mask", b, t)) : Optional.empty(),
                                                        heads,
                                                        causal)),
                                        OperationCase.of(
                                                2,
                                                in -> new SequenceOp.AttentionGradient(
                                                        in.of(type, "gradient", b, t, width),
                                                        in.of(type, "qkv", b, t, 3 * width),
                                                        in.f32("output", b, t, width),
                                                        in.f32("log-sum-exp", b, heads, t),
                                                        masked ? Optional.of(in.i32("mask", b, t)) : Optional.empty(),
                                                        heads,
                                                        causal,
                                                        masked ? type : ElementType.F32))))));
    }
}
