package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;

record ConvolutionLoops(TensorValues tensors) {
    Kernel conv2d(ConvolutionOp.Conv2d op, Tensor result) {
        Images x = images(op.x());
        Images weight = images(op.weight());
        Values bias = tensors.of(op.bias());
        Images y = images(result);
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
        Images gradient = images(op.gradient());
        Images weight = images(op.weight());
        Images y = images(result);
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

    Kernel weightGradient(ConvolutionOp.Conv2dWeightGradient op, Tensor result) {
        Images gradient = images(op.gradient());
        Images x = images(op.x());
        Images y = images(result);
        Window window = op.window();
        int outputs = gradient.channels() / op.groups();
        return () -> y.forEach((o, c, i, j) -> {
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
    }

    Kernel channelSum(ConvolutionOp.ChannelSum op, Tensor result) {
        Images x = images(op.x());
        Values y = tensors.of(result);
        return () -> {
            for (int c = 0; c < x.channels(); c++) {
                double sum = 0;
                for (int n = 0; n < x.samples(); n++) {
                    for (int pixel = 0; pixel < x.height() * x.width(); pixel++) {
                        sum += x.values().get(x.index(n, c, 0, 0) + pixel);
                    }
                }
                y.set(c, sum);
            }
        };
    }

    private Images images(Tensor tensor) {
        return Images.of(tensors.of(tensor), tensor.shape());
    }
}
