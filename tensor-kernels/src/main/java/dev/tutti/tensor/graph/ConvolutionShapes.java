package dev.tutti.tensor.graph;

import java.util.List;

/** Results of {@link ConvolutionOp}, all f32. */
final class ConvolutionShapes {
    private ConvolutionShapes() {}

    static List<ResultType> infer(ConvolutionOp op, OperandChecks checks) {
        return ResultType.f32(
                switch (op) {
                    case ConvolutionOp.Conv2d conv -> conv2d(conv, checks);
                    case ConvolutionOp.Conv2dInputGradient(
                            var gradient,
                            var weight,
                            var window,
                            int groups,
                            int height,
                            int width) -> {
                        checks.equalFloats(gradient, weight);
                        Shape images = checks.images(gradient);
                        Shape x = Shape.of(images.size(0), weight.shape().size(1) * groups, height, width);
                        checks.shape(gradient, output(x, weight.shape(), window, groups, checks));
                        yield x;
                    }
                    case ConvolutionOp.Conv2dWeightGradient(var gradient, var x, var window, int groups) -> {
                        checks.equalFloats(gradient, x);
                        Shape weight = Shape.of(
                                checks.images(gradient).size(1),
                                checks.images(x).size(1) / groups,
                                window.height(),
                                window.width());
                        checks.shape(gradient, output(x.shape(), weight, window, groups, checks));
                        yield weight;
                    }
                    case ConvolutionOp.ChannelSum(var x) -> {
                        checks.f32(x);
                        yield Shape.of(checks.images(x).size(1));
                    }
                    case ConvolutionOp.MaxPool(var x, var window) -> pool(x, window, checks);
                    case ConvolutionOp.AveragePool(var x, var window) -> pool(x, window, checks);
                    case ConvolutionOp.MaxPoolGradient(var gradient, var x, var window) -> {
                        checks.f32(gradient);
                        checks.shape(gradient, pool(x, window, checks));
                        yield x.shape();
                    }
                    case ConvolutionOp.AveragePoolGradient(var gradient, var window, int height, int width) -> {
                        checks.f32(gradient);
                        Shape images = checks.images(gradient);
                        checks.shape(
                                gradient,
                                images.with(2, window.outputHeight(height)).with(3, window.outputWidth(width)));
                        yield images.with(2, height).with(3, width);
                    }
                });
    }

    private static Shape conv2d(ConvolutionOp.Conv2d op, OperandChecks checks) {
        checks.equalFloats(op.x(), op.weight());
        checks.f32(op.bias());
        Shape result = output(checks.images(op.x()), op.weight().shape(), op.window(), op.groups(), checks);
        checks.vector(op.bias(), result.size(1));
        return result;
    }

    private static Shape output(Shape x, Shape weight, Window window, int groups, OperandChecks checks) {
        int outputs = weight.size(0);
        checks.check(
                groups >= 1 && x.size(1) % groups == 0 && outputs % groups == 0,
                "expected groups to divide %d input and %d output channels, got %d"
                        .formatted(x.size(1), outputs, groups));
        Shape expected = Shape.of(outputs, x.size(1) / groups, window.height(), window.width());
        checks.check(weight.equals(expected), "expected the weight to be " + expected + ", got " + weight);
        return fitted(x, window, checks).with(1, outputs);
    }

    private static Shape pool(Tensor x, Window window, OperandChecks checks) {
        checks.f32(x);
        checks.check(
                2 * window.paddingHeight() <= window.height() && 2 * window.paddingWidth() <= window.width(),
                "expected a padding of at most half of the window, got " + window);
        return fitted(checks.images(x), window, checks);
    }

    private static Shape fitted(Shape x, Window window, OperandChecks checks) {
        int height = window.outputHeight(x.size(2));
        int width = window.outputWidth(x.size(3));
        checks.check(
                height >= 1 && width >= 1,
                "a window of %dx%d does not fit into images of %dx%d with padding %dx%d"
                        .formatted(
                                window.height(),
                                window.width(),
                                x.size(2),
                                x.size(3),
                                window.paddingHeight(),
                                window.paddingWidth()));
        return x.with(2, height).with(3, width);
    }
}
