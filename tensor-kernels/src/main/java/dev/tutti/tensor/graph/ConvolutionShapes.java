package dev.tutti.tensor.graph;

import java.util.List;

/** Results of {@link ConvolutionOp}: f32, but for the places of a maximum. */
final class ConvolutionShapes {
    private final ImageLayout layout;
    private final OperandChecks checks;

    private ConvolutionShapes(ImageLayout layout, OperandChecks checks) {
        this.layout = layout;
        this.checks = checks;
    }

    static List<ResultType> infer(ConvolutionOp op, OperandChecks checks) {
        return new ConvolutionShapes(op.layout(), checks).infer(op);
    }

    private List<ResultType> infer(ConvolutionOp op) {
        return switch (op) {
            case ConvolutionOp.Conv2d(var x, var weight, var bias, var window, int groups, var _) ->
                ResultType.f32(conv2d(x, weight, bias, window, groups));
            case ConvolutionOp.Conv2dMaxPool(var x, var weight, var bias, var window, int groups, var _) -> {
                Shape y = conv2d(x, weight, bias, window, groups);
                Shape pooled = fitted(y, Window.square(2, 2, 0));
                yield List.of(ResultType.first(pooled), new ResultType(".places", ElementType.I32, pooled));
            }
            case ConvolutionOp.MaxPoolScatter(var gradient, var places, int height, int width, var _) -> {
                checks.f32(gradient);
                checks.i32(places);
                checks.same(gradient, places);
                Shape y = layout.resized(checks.images(gradient), height, width);
                checks.shape(gradient, fitted(y, Window.square(2, 2, 0)));
                yield ResultType.f32(y);
            }
            case ConvolutionOp.Conv2dInputGradient(
                    var gradient,
                    var weight,
                    var window,
                    int groups,
                    int height,
                    int width,
                    var _) -> {
                checks.equalFloats(gradient, weight);
                checks.check(
                        weight.shape().rank() == 4,
                        "expected the weight to be [outputs, inputs, height, width], got " + weight.shape());
                groups(groups, weight.shape().size(1) * groups, weight.shape().size(0));
                int samples = layout.samples(checks.images(gradient));
                Shape x = layout.shape(samples, weight.shape().size(1) * groups, height, width);
                checks.shape(gradient, output(x, weight.shape(), window, groups));
                yield ResultType.f32(x);
            }
            case ConvolutionOp.Conv2dWeightGradient(var gradient, var x, var window, int groups, var _) -> {
                checks.equalFloats(gradient, x);
                int inputs = layout.channels(checks.images(x));
                int outputs = layout.channels(checks.images(gradient));
                groups(groups, inputs, outputs);
                Shape weight = Shape.of(outputs, inputs / groups, window.height(), window.width());
                checks.shape(gradient, output(x.shape(), weight, window, groups));
                yield List.of(ResultType.first(weight), ResultType.further("bias", Shape.of(weight.size(0))));
            }
            case ConvolutionOp.MaxPool(var x, var window, var _) -> ResultType.f32(pool(x, window));
            case ConvolutionOp.AveragePool(var x, var window, var _) -> ResultType.f32(pool(x, window));
            case ConvolutionOp.MaxPoolGradient(var gradient, var x, var window, var _) -> {
                checks.f32(gradient);
                checks.shape(gradient, pool(x, window));
                yield ResultType.f32(x.shape());
            }
            case ConvolutionOp.AveragePoolGradient(var gradient, var window, int height, int width, var _) -> {
                checks.f32(gradient);
                Shape x = layout.resized(checks.images(gradient), height, width);
                checks.shape(gradient, fitted(x, window));
                yield ResultType.f32(x);
            }
        };
    }

    private Shape conv2d(Tensor x, Tensor weight, Tensor bias, Window window, int groups) {
        checks.equalFloats(x, weight);
        checks.f32(bias);
        Shape result = output(checks.images(x), weight.shape(), window, groups);
        checks.vector(bias, layout.channels(result));
        return result;
    }

    private Shape output(Shape x, Shape weight, Window window, int groups) {
        int inputs = layout.channels(x);
        int outputs = weight.size(0);
        groups(groups, inputs, outputs);
        Shape expected = Shape.of(outputs, inputs / groups, window.height(), window.width());
        checks.check(weight.equals(expected), "expected the weight to be " + expected + ", got " + weight);
        Shape fitted = fitted(x, window);
        return layout.shape(layout.samples(x), outputs, layout.height(fitted), layout.width(fitted));
    }

    private void groups(int groups, int inputs, int outputs) {
        checks.check(
                groups >= 1 && inputs % groups == 0 && outputs % groups == 0,
                "expected groups to divide %d input and %d output channels, got %d".formatted(inputs, outputs, groups));
    }

    private Shape pool(Tensor x, Window window) {
        checks.f32(x);
        checks.check(
                2 * window.paddingHeight() <= window.height() && 2 * window.paddingWidth() <= window.width(),
                "expected a padding of at most half of the window of %dx%d, got %dx%d"
                        .formatted(window.height(), window.width(), window.paddingHeight(), window.paddingWidth()));
        return fitted(checks.images(x), window);
    }

    private Shape fitted(Shape x, Window window) {
        int height = window.outputHeight(layout.height(x));
        int width = window.outputWidth(layout.width(x));
        checks.check(
                height >= 1 && width >= 1,
                "a window of %dx%d does not fit into images of %dx%d with padding %dx%d"
                        .formatted(
                                window.height(),
                                window.width(),
                                layout.height(x),
                                layout.width(x),
                                window.paddingHeight(),
                                window.paddingWidth()));
        return layout.resized(x, height, width);
    }
}
