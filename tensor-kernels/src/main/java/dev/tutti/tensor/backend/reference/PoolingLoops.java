package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;
import java.util.List;

record PoolingLoops(TensorValues tensors) {
    private static final Window PAIRS = Window.square(2, 2, 0);
    private static final int NOWHERE = 4;

    Kernel max(ConvolutionOp.MaxPool op, Tensor result) {
        Images x = images(op.x(), op.layout());
        Images y = images(result, op.layout());
        return () -> y.forEach((n, c, p, q) -> y.set(n, c, p, q, x.values().get(largest(x, op.window(), n, c, p, q))));
    }

    Kernel maxGradient(ConvolutionOp.MaxPoolGradient op, Tensor result) {
        Images gradient = images(op.gradient(), op.layout());
        Images x = images(op.x(), op.layout());
        Images y = images(result, op.layout());
        return () -> {
            y.forEach((n, c, row, column) -> y.set(n, c, row, column, 0));
            gradient.forEach((n, c, p, q) -> {
                long index = largest(x, op.window(), n, c, p, q);
                y.values().set(index, y.values().get(index) + gradient.get(n, c, p, q));
            });
        };
    }

    /** Of a convolution's result, which nobody else reads; see {@link ConvolutionOp.Conv2dMaxPool}. */
    Kernel maxOfRelu(Images x, ConvolutionOp.Conv2dMaxPool op, List<Tensor> results) {
        Images y = images(results.get(0), op.layout());
        Images places = images(results.get(1), op.layout());
        return () -> y.forEach((n, c, p, q) -> {
            long index = largest(x, PAIRS, n, c, p, q);
            int place = 0;
            while (x.index(n, c, 2 * p + place / 2, 2 * q + place % 2) != index) {
                place++;
            }
            double largest = x.values().get(index);
            y.set(n, c, p, q, Math.max(largest, 0));
            places.set(n, c, p, q, largest <= 0 ? NOWHERE : place);
        });
    }

    Kernel scatter(ConvolutionOp.MaxPoolScatter op, Tensor result) {
        Images gradient = images(op.gradient(), op.layout());
        Images places = images(op.places(), op.layout());
        Images y = images(result, op.layout());
        return () -> {
            y.forEach((n, c, row, column) -> y.set(n, c, row, column, 0));
            gradient.forEach((n, c, p, q) -> {
                int place = (int) places.get(n, c, p, q);
                if (place != NOWHERE) {
                    y.set(n, c, 2 * p + place / 2, 2 * q + place % 2, gradient.get(n, c, p, q));
                }
            });
        };
    }

    /** The index of the first of the largest; a NaN is larger than anything. */
    private static long largest(Images x, Window window, int n, int c, int p, int q) {
        long best = -1;
        for (int i = 0; i < window.height(); i++) {
            for (int j = 0; j < window.width(); j++) {
                int row = p * window.strideHeight() + i - window.paddingHeight();
                int column = q * window.strideWidth() + j - window.paddingWidth();
                if (x.contains(row, column)
                        && (best < 0
                                || isLarger(x.get(n, c, row, column), x.values().get(best)))) {
                    best = x.index(n, c, row, column);
                }
            }
        }
        return best;
    }

    private static boolean isLarger(double value, double than) {
        return value > than || (Double.isNaN(value) && !Double.isNaN(than));
    }

    Kernel average(ConvolutionOp.AveragePool op, Tensor result) {
        Images x = images(op.x(), op.layout());
        Images y = images(result, op.layout());
        Window window = op.window();
        return () -> y.forEach((n, c, p, q) -> {
            double sum = 0;
            for (int i = 0; i < window.height(); i++) {
                for (int j = 0; j < window.width(); j++) {
                    sum += x.padded(
                            n,
                            c,
                            p * window.strideHeight() + i - window.paddingHeight(),
                            q * window.strideWidth() + j - window.paddingWidth());
                }
            }
            y.set(n, c, p, q, sum / window.area());
        });
    }

    Kernel averageGradient(ConvolutionOp.AveragePoolGradient op, Tensor result) {
        Images gradient = images(op.gradient(), op.layout());
        Images y = images(result, op.layout());
        Window window = op.window();
        return () -> y.forEach((n, c, row, column) -> {
            double sum = 0;
            for (int i = 0; i < window.height(); i++) {
                for (int j = 0; j < window.width(); j++) {
                    int p = row + window.paddingHeight() - i;
                    int q = column + window.paddingWidth() - j;
                    if (p % window.strideHeight() == 0 && q % window.strideWidth() == 0) {
                        sum += gradient.padded(n, c, p / window.strideHeight(), q / window.strideWidth());
                    }
                }
            }
            y.set(n, c, row, column, sum / window.area());
        });
    }

    private Images images(Tensor tensor, ImageLayout layout) {
        return Images.of(tensors.of(tensor), tensor.shape(), layout);
    }
}
