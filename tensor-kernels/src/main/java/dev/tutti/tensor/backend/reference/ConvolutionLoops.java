package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;
import java.util.List;

record ConvolutionLoops(TensorValues tensors) {
    Kernel conv2d(ConvolutionOp.Conv2d op, Tensor result) {
        return conv2d(op, images(result, op.layout()));
    }

    /** Into a scratch of f64. */
    Kernel conv2dMaxPool(ConvolutionOp.Conv2dMaxPool op, List<Tensor> results) {
        ConvolutionOp.Conv2d conv =
                new ConvolutionOp.Conv2d(op.x(), op.weight(), op.bias(), op.window(), op.groups(), op.layout());
        ImageLayout layout = op.layout();
        Shape x = op.x().shape();
        Shape shape = layout.shape(
                layout.samples(x),
                op.weight().shape().size(0),
                op.window().outputHeight(layout.height(x)),
                op.window().outputWidth(layout.width(x)));
        Images y = Images.of(new Doubles(new double[Math.toIntExact(shape.elementCount())]), shape, layout);
        Kernel convolve = conv2d(conv, y);
        Kernel pool = new PoolingLoops(tensors).maxOfRelu(y, op, results);
        return () -> {
            convolve.run();
            pool.run();
        };
    }

    private Kernel conv2d(ConvolutionOp.Conv2d op, Images y) {
        Images x = images(op.x(), op.layout());
        Images weight = Images.weight(tensors.of(op.weight()), op.weight().shape());
        Values bias = tensors.of(op.bias());
        Window window = op.window();
        int outputs = y.channels() / op.groups();
        return () -> y.forEach((n, o, p, q) -> {
            int firstChannel = o / outputs * weight.channels();
            double sum = bias.get(o);
            for (int c = 0; c < weight.channels(); c++) {
                for (int i = 0; i < window.height(); i++) {
                    for (int j = 0; j < window.width(); j++) {
                        int row = p * window.strideHeight() + i - window.paddingHeight();
                        int column = q * window.strideWidth() + j - window.paddingWidth();
                        sum += x.padded(n, firstChannel + c, row, column) * weight.get(o, c, i, j);
                    }
                }
            }
            y.set(n, o, p, q, sum);
        });
    }

    Kernel inputGradient(ConvolutionOp.Conv2dInputGradient op, Tensor result) {
        Images gradient = images(op.gradient(), op.layout());
        Images weight = Images.weight(tensors.of(op.weight()), op.weight().shape());
        Images y = images(result, op.layout());
        Window window = op.window();
        int outputs = gradient.channels() / op.groups();
        return () -> y.forEach((n, c, row, column) -> {
            int group = c / weight.channels();
            double sum = 0;
            for (int o = group * outputs; o < (group + 1) * outputs; o++) {
                for (int i = 0; i < window.height(); i++) {
                    for (int j = 0; j < window.width(); j++) {
                        int p = row + window.paddingHeight() - i;
                        int q = column + window.paddingWidth() - j;
                        if (p % window.strideHeight() == 0 && q % window.strideWidth() == 0) {
                            sum += gradient.padded(n, o, p / window.strideHeight(), q / window.strideWidth())
                                    * weight.get(o, c % weight.channels(), i, j);
                        }
                    }
                }
            }
            y.set(n, c, row, column, sum);
        });
    }

    Kernel weightGradient(ConvolutionOp.Conv2dWeightGradient op, List<Tensor> results) {
        Images gradient = images(op.gradient(), op.layout());
        Images x = images(op.x(), op.layout());
        Images y = Images.weight(tensors.of(results.get(0)), results.get(0).shape());
        Kernel bias = channelSum(gradient, tensors.of(results.get(1)));
        Window window = op.window();
        int outputs = gradient.channels() / op.groups();
        Kernel weight = () -> y.forEach((o, c, i, j) -> {
            int channel = o / outputs * y.channels() + c;
            double sum = 0;
            for (int n = 0; n < x.samples(); n++) {
                for (int p = 0; p < gradient.height(); p++) {
                    for (int q = 0; q < gradient.width(); q++) {
                        int row = p * window.strideHeight() + i - window.paddingHeight();
                        int column = q * window.strideWidth() + j - window.paddingWidth();
                        sum += gradient.get(n, o, p, q) * x.padded(n, channel, row, column);
                    }
                }
            }
            y.set(o, c, i, j, sum);
        });
        return () -> {
            bias.run();
            weight.run();
        };
    }

    private static Kernel channelSum(Images x, Values y) {
        return () -> {
            double[] sums = new double[x.channels()];
            x.forEach((n, c, row, column) -> sums[c] += x.get(n, c, row, column));
            for (int c = 0; c < sums.length; c++) {
                y.set(c, sums[c]);
            }
        };
    }

    private Images images(Tensor tensor, ImageLayout layout) {
        return Images.of(tensors.of(tensor), tensor.shape(), layout);
    }
}
