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

        long pixels() {
            return (long) samples * height * width;
        }

        long elements() {
            return (long) samples * channels * height * width;
        }
    }

    /** What slides over which images, and what comes of it. */
    private record Sliding(Window window, Images input, Images output) {
        Grid overInputs() {
            return Grid.forEach(input.elements());
        }

        Grid overOutputs() {
            return Grid.forEach(output.elements());
        }

        /**
         * As {@code images.cu} has it.
         *
         * @param addresses x, gradient, places, y
         */
        Struct pool(long... addresses) {
            Struct struct = new Struct()
                    .addresses(addresses)
                    .ints(input.samples, input.channels, input.height, input.width, output.height, output.width);
            return addTo(struct);
        }

        /**
         * As {@code convolution.cu} has it, but for what is of the weight's gradient alone.
         *
         * @param addresses images, weight, gradient, bias, y
         */
        Struct convolution(int groups, long... addresses) {
            Struct struct = new Struct()
                    .addresses(addresses)
                    .ints(input.samples, input.channels, input.height, input.width)
                    .ints(output.channels, output.height, output.width, groups);
            return addTo(struct);
        }

        private Struct addTo(Struct struct) {
            input.addLayoutTo(struct);
            output.addLayoutTo(struct);
            return struct.ints(window.height(), window.width())
                    .ints(window.strideHeight(), window.strideWidth())
                    .ints(window.paddingHeight(), window.paddingWidth());
        }
    }

    Launch bind(ConvolutionOp op, List<Tensor> results) {
        Tensor y = results.getFirst();
        return switch (op) {
            case ConvolutionOp.Conv2d conv ->
                forward(conv, new Sliding(conv.window(), images(conv.x(), op), images(y, op)), launches.at(y));
            case ConvolutionOp.Conv2dMaxPool conv -> conv2dMaxPool(conv, results);
            case ConvolutionOp.Conv2dInputGradient conv -> inputGradient(conv, y);
            case ConvolutionOp.Conv2dWeightGradient conv -> weightGradient(conv, results);
            case ConvolutionOp.MaxPool(var x, var window, var _) -> {
                Sliding sliding = new Sliding(window, images(x, op), images(y, op));
                Struct struct = sliding.pool(launches.at(x), NONE, NONE, launches.at(y));
                yield pool("max_pool", x.type(), y, sliding.overOutputs(), struct);
            }
            case ConvolutionOp.MaxPoolGradient(var gradient, var x, var window, var _) -> {
                Sliding sliding = new Sliding(window, images(x, op), images(gradient, op));
                Struct struct = sliding.pool(launches.at(x), launches.at(gradient), NONE, launches.at(y));
                yield pool("max_pool_gradient", x.type(), y, sliding.overInputs(), struct);
            }
            case ConvolutionOp.AveragePool(var x, var window, var _) -> {
                Sliding sliding = new Sliding(window, images(x, op), images(y, op));
                Struct struct = sliding.pool(launches.at(x), NONE, NONE, launches.at(y));
                yield pool("average_pool", x.type(), y, sliding.overOutputs(), struct);
            }
            case ConvolutionOp.AveragePoolGradient(var gradient, var window, int _, int _, var _) -> {
                Sliding sliding = new Sliding(window, images(y, op), images(gradient, op));
                Struct struct = sliding.pool(NONE, launches.at(gradient), NONE, launches.at(y));
                yield pool("average_pool_gradient", gradient.type(), y, sliding.overInputs(), struct);
            }
            case ConvolutionOp.MaxPoolScatter(var gradient, var places, int _, int _, var _) -> {
                Sliding sliding = new Sliding(PAIRS, images(y, op), images(gradient, op));
                Struct struct = sliding.pool(NONE, launches.at(gradient), launches.at(places), launches.at(y));
                yield pool("max_pool_scatter", gradient.type(), y, sliding.overInputs(), struct);
            }
        };
    }

    private static Images images(Tensor tensor, ConvolutionOp op) {
        return Images.of(tensor.shape(), op.layout());
    }

    private Launch pool(String name, ElementType from, Tensor y, Grid grid, Struct struct) {
        return launches.of(KernelSources.IMAGES, List.of("X=" + from, Launches.macro("Y", y)), name, grid, struct);
    }

    private Launch conv2dMaxPool(ConvolutionOp.Conv2dMaxPool op, List<Tensor> results) {
        Images x = images(op.x(), op);
        Images between = new Images(
                x.samples,
                op.weight().shape().size(0),
                op.window().outputHeight(x.height),
                op.window().outputWidth(x.width),
                op.layout());
        long convolved = launches.scratch(between.elements() * Float.BYTES);
        Tensor y = results.getFirst();
        Sliding pairs = new Sliding(PAIRS, between, images(y, op));
        return Launches.all(
                forward(
                        new ConvolutionOp.Conv2d(op.x(), op.weight(), op.bias(), op.window(), op.groups(), op.layout()),
                        new Sliding(op.window(), x, between),
                        convolved),
                pool(
                        "max_pool_relu",
                        ElementType.F32,
                        y,
                        pairs.overOutputs(),
                        pairs.pool(convolved, NONE, launches.at(results.get(1)), launches.at(y))));
    }

    /** @param y where the result lies, f32 */
    private Launch forward(ConvolutionOp.Conv2d op, Sliding sliding, long y) {
        Images output = sliding.output;
        return launches.of(
                KernelSources.CONVOLUTION,
                List.of(Launches.macro("X", op.x()), "Y=f32"),
                "conv2d",
                grid(output.pixels(), output.channels / op.groups(), op.groups()),
                sliding.convolution(
                                op.groups(),
                                launches.at(op.x()),
                                launches.at(op.weight()),
                                NONE,
                                launches.at(op.bias()),
                                y)
                        .ints(0));
    }

    private Launch inputGradient(ConvolutionOp.Conv2dInputGradient op, Tensor y) {
        Sliding sliding = new Sliding(op.window(), images(y, op), images(op.gradient(), op));
        Images input = sliding.input;
        return launches.of(
                KernelSources.CONVOLUTION,
                List.of(Launches.macro("X", op.gradient()), Launches.macro("Y", y)),
                "conv2d_input_gradient",
                grid(input.pixels(), input.channels / op.groups(), op.groups()),
                sliding.convolution(
                                op.groups(),
                                NONE,
                                launches.at(op.weight()),
                                launches.at(op.gradient()),
                                NONE,
                                launches.at(y))
                        .ints(0));
    }

    /** In parts of the long sum over all pixels of all samples, then of these. */
    private Launch weightGradient(ConvolutionOp.Conv2dWeightGradient op, List<Tensor> results) {
        Sliding sliding = new Sliding(op.window(), images(op.x(), op), images(op.gradient(), op));
        Images output = sliding.output;
        int groups = op.groups();
        Tensor dweight = results.get(0);
        int mostParts = Math.clamp(Grid.MOST_BLOCKS_IN_Y_AND_Z / groups, 1, MOST_PARTS);
        int parts = Math.clamp(Math.ceilDiv(output.pixels(), PART_LENGTH), 1, mostParts);
        Place partial = parts == 1
                ? launches.place(dweight)
                : new Place(ElementType.F32, launches.scratch(parts * dweight.byteSize()));
        int columns = sliding.input.channels / groups * op.window().area();
        Launch weight = launches.of(
                KernelSources.CONVOLUTION,
                List.of(Launches.macro("X", op.x()), "Y=f32"),
                "conv2d_weight_gradient",
                grid(output.channels / groups, columns, groups * parts),
                sliding.convolution(
                                groups, launches.at(op.x()), NONE, launches.at(op.gradient()), NONE, partial.address())
                        .ints(Math.toIntExact(Math.ceilDiv(output.pixels(), parts))));
        Launch bias = launches.of(
                KernelSources.CONVOLUTION,
                List.of(Launches.macro("X", op.gradient()), "Y=f32"),
                "conv2d_bias_gradient",
                Grid.blocks(output.channels, BIAS_THREADS),
                sliding.convolution(groups, NONE, NONE, launches.at(op.gradient()), NONE, launches.at(results.get(1)))
                        .ints(0));
        return parts == 1
                ? Launches.all(weight, bias)
                : Launches.all(weight, matrices.columnSum(partial, parts, dweight), bias);
    }

    private static Grid grid(long rows, int columns, int z) {
        if (rows > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "cuda convolves up to 2,147,483,647 pixels at a time, got %,d: make the batch smaller"
                            .formatted(rows));
        }
        return new Grid(Math.toIntExact(Math.ceilDiv(rows, TILE)), Math.ceilDiv(columns, TILE), z, THREADS);
    }
}
