package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;
import java.util.List;

/** {@code convolution.cu} and {@code images.cu}. */
record ImageLaunches(Launches launches, MatrixLaunches matrices) {
    private static final Window PAIRS = Window.square(2, 2, 0);
    private static final int TILE = 64;
    private static final int THREADS = 128;
    private static final int BIAS_THREADS = 256;
    private static final int PART_LENGTH = 8192;
    private static final int MOST_PARTS = 64;
    private static final long NONE = 0;

    /** Images in memory, or what a convolution makes of them. */
    private record Images(int samples, int channels, int height, int width, ImageLayout layout) {
        static Images of(Shape shape, ImageLayout layout) {
            return new Images(
                    layout.samples(shape), layout.channels(shape), layout.height(shape), layout.width(shape), layout);
        }

        void addLayoutTo(Struct struct) {
            long pixels = (long) height * width;
            switch (layout) {
                case SAMPLES_FIRST -> struct.longs(channels * pixels, pixels, width, 1);
                case SAMPLES_LAST -> struct.longs(1, pixels * samples, (long) width * samples, samples);
            }
        }

        long elements() {
            return (long) samples * channels * height * width;
        }
    }

    Launch bind(ConvolutionOp op, List<Tensor> results) {
        Tensor y = results.getFirst();
        ImageLayout layout = op.layout();
        return switch (op) {
            case ConvolutionOp.Conv2d(var x, var weight, var bias, var window, int groups, var _) ->
                forward(x, weight, bias, window, groups, layout, Images.of(y.shape(), layout), launches.at(y), "f32");
            case ConvolutionOp.Conv2dMaxPool conv -> conv2dMaxPool(conv, results);
            case ConvolutionOp.Conv2dInputGradient(
                    var gradient,
                    var weight,
                    var window,
                    int groups,
                    int _,
                    int _,
                    var _) -> inputGradient(gradient, weight, window, groups, layout, y);
            case ConvolutionOp.Conv2dWeightGradient(var gradient, var x, var window, int groups, var _) ->
                weightGradient(gradient, x, window, groups, layout, results);
            case ConvolutionOp.MaxPool(var x, var window, var _) ->
                pool(
                        "max_pool",
                        x.type(),
                        y.type(),
                        launches.at(x),
                        NONE,
                        NONE,
                        launches.at(y),
                        window,
                        Images.of(x.shape(), layout),
                        Images.of(y.shape(), layout),
                        true);
            case ConvolutionOp.MaxPoolGradient(var gradient, var x, var window, var _) ->
                pool(
                        "max_pool_gradient",
                        x.type(),
                        y.type(),
                        launches.at(x),
                        launches.at(gradient),
                        NONE,
                        launches.at(y),
                        window,
                        Images.of(x.shape(), layout),
                        Images.of(gradient.shape(), layout),
                        false);
            case ConvolutionOp.AveragePool(var x, var window, var _) ->
                pool(
                        "average_pool",
                        x.type(),
                        y.type(),
                        launches.at(x),
                        NONE,
                        NONE,
                        launches.at(y),
                        window,
                        Images.of(x.shape(), layout),
                        Images.of(y.shape(), layout),
                        true);
            case ConvolutionOp.AveragePoolGradient(var gradient, var window, int _, int _, var _) ->
                pool(
                        "average_pool_gradient",
                        gradient.type(),
                        y.type(),
                        NONE,
                        launches.at(gradient),
                        NONE,
                        launches.at(y),
                        window,
                        Images.of(y.shape(), layout),
                        Images.of(gradient.shape(), layout),
                        false);
            case ConvolutionOp.MaxPoolScatter(var gradient, var places, int _, int _, var _) ->
                pool(
                        "max_pool_scatter",
                        gradient.type(),
                        y.type(),
                        NONE,
                        launches.at(gradient),
                        launches.at(places),
                        launches.at(y),
                        PAIRS,
                        Images.of(y.shape(), layout),
                        Images.of(gradient.shape(), layout),
                        false);
        };
    }

    private Launch conv2dMaxPool(ConvolutionOp.Conv2dMaxPool op, List<Tensor> results) {
        ImageLayout layout = op.layout();
        Images x = Images.of(op.x().shape(), layout);
        Images between = new Images(
                x.samples,
                op.weight().shape().size(0),
                op.window().outputHeight(x.height),
                op.window().outputWidth(x.width),
                layout);
        long convolved = launches.scratch(between.elements() * Float.BYTES);
        Tensor y = results.getFirst();
        return Launches.all(
                forward(op.x(), op.weight(), op.bias(), op.window(), op.groups(), layout, between, convolved, "f32"),
                pool(
                        "max_pool_relu",
                        ElementType.F32,
                        y.type(),
                        convolved,
                        NONE,
                        launches.at(results.get(1)),
                        launches.at(y),
                        PAIRS,
                        between,
                        Images.of(y.shape(), layout),
                        true));
    }

    private Launch forward(
            Tensor x,
            Tensor weight,
            Tensor bias,
            Window window,
            int groups,
            ImageLayout layout,
            Images output,
            long y,
            String type) {
        Images input = Images.of(x.shape(), layout);
        return launches.of(
                KernelSources.CONVOLUTION,
                List.of(Launches.macro("X", x), "Y=" + type),
                "conv2d",
                grid((long) output.samples * output.height * output.width, output.channels / groups, groups),
                convolution(
                        launches.at(x),
                        launches.at(weight),
                        NONE,
                        launches.at(bias),
                        y,
                        input,
                        output,
                        groups,
                        window,
                        0));
    }

    private Launch inputGradient(
            Tensor gradient, Tensor weight, Window window, int groups, ImageLayout layout, Tensor y) {
        Images input = Images.of(y.shape(), layout);
        Images output = Images.of(gradient.shape(), layout);
        return launches.of(
                KernelSources.CONVOLUTION,
                List.of(Launches.macro("X", gradient), Launches.macro("Y", y)),
                "conv2d_input_gradient",
                grid((long) input.samples * input.height * input.width, input.channels / groups, groups),
                convolution(
                        NONE,
                        launches.at(weight),
                        launches.at(gradient),
                        NONE,
                        launches.at(y),
                        input,
                        output,
                        groups,
                        window,
                        0));
    }

    /** In parts of the long sum over all pixels of all samples, then of these. */
    private Launch weightGradient(
            Tensor gradient, Tensor x, Window window, int groups, ImageLayout layout, List<Tensor> results) {
        Images input = Images.of(x.shape(), layout);
        Images output = Images.of(gradient.shape(), layout);
        Tensor dweight = results.get(0);
        long length = (long) output.samples * output.height * output.width;
        int mostParts = Math.clamp(Grid.MOST_BLOCKS_IN_Y_AND_Z / groups, 1, MOST_PARTS);
        int parts = Math.clamp(Math.ceilDiv(length, PART_LENGTH), 1, mostParts);
        int partLength = Math.toIntExact(Math.ceilDiv(length, parts));
        long partial = parts == 1 ? launches.at(dweight) : launches.scratch(parts * dweight.byteSize());
        Launch weight = launches.of(
                KernelSources.CONVOLUTION,
                List.of(Launches.macro("X", x), "Y=f32"),
                "conv2d_weight_gradient",
                grid(output.channels / groups, input.channels / groups * window.area(), groups * parts),
                convolution(
                        launches.at(x),
                        NONE,
                        launches.at(gradient),
                        NONE,
                        partial,
                        input,
                        output,
                        groups,
                        window,
                        partLength));
        Launch bias = launches.of(
                KernelSources.CONVOLUTION,
                List.of(Launches.macro("X", gradient), "Y=f32"),
                "conv2d_bias_gradient",
                Grid.blocks(output.channels, BIAS_THREADS),
                convolution(
                        NONE,
                        NONE,
                        launches.at(gradient),
                        NONE,
                        launches.at(results.get(1)),
                        input,
                        output,
                        groups,
                        window,
                        0));
        return parts == 1
                ? Launches.all(weight, bias)
                : Launches.all(
                        weight, matrices.columnSum(partial, "X=f32", parts, launches.at(dweight), dweight), bias);
    }

    private static Grid grid(long rows, int columns, int z) {
        if (rows > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "cuda convolves up to 2,147,483,647 pixels at a time, got %,d: make the batch smaller"
                            .formatted(rows));
        }
        return new Grid(Math.toIntExact(Math.ceilDiv(rows, TILE)), Math.ceilDiv(columns, TILE), z, THREADS);
    }

    private static Struct convolution(
            long images,
            long weight,
            long gradient,
            long bias,
            long y,
            Images input,
            Images output,
            int groups,
            Window window,
            int partLength) {
        Struct struct = new Struct()
                .addresses(images, weight, gradient, bias, y)
                .ints(
                        input.samples,
                        input.channels,
                        input.height,
                        input.width,
                        output.channels,
                        output.height,
                        output.width,
                        groups);
        input.addLayoutTo(struct);
        output.addLayoutTo(struct);
        addTo(struct, window);
        return struct.ints(partLength);
    }

    private Launch pool(
            String name,
            ElementType from,
            ElementType to,
            long x,
            long gradient,
            long places,
            long y,
            Window window,
            Images input,
            Images output,
            boolean overOutputs) {
        Struct struct = new Struct()
                .addresses(x, gradient, places, y)
                .ints(input.samples, input.channels, input.height, input.width, output.height, output.width);
        input.addLayoutTo(struct);
        output.addLayoutTo(struct);
        addTo(struct, window);
        return launches.of(
                KernelSources.IMAGES,
                List.of("X=" + from, "Y=" + to),
                name,
                Grid.forEach(overOutputs ? output.elements() : input.elements()),
                struct);
    }

    private static void addTo(Struct struct, Window window) {
        struct.ints(
                window.height(),
                window.width(),
                window.strideHeight(),
                window.strideWidth(),
                window.paddingHeight(),
                window.paddingWidth());
    }
}
