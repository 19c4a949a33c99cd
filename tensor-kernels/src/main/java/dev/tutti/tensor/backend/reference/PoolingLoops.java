package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;

record PoolingLoops(TensorValues tensors) {
    Kernel max(ConvolutionOp.MaxPool op, Tensor result) {
        Images x = images(op.x());
        Images y = images(result);
        return () -> y.forEach((n, c, p, q) -> y.set(n, c, p, q, x.values().get(largest(x, op.window(), n, c, p, q))));
    }

    Kernel maxGradient(ConvolutionOp.MaxPoolGradient op, Tensor result) {
        Images gradient = images(op.gradient());
        Images x = images(op.x());
        Images y = images(result);
        return () -> {
            y.forEach((n, c, row, column) -> y.set(n, c, row, column, 0));
            gradient.forEach((n, c, p, q) -> {
                long index = largest(x, op.window(), n, c, p, q);
                y.values().set(index, y.values().get(index) + gradient.get(n, c, p, q));
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
        Images x = images(op.x());
        Images y = images(result);
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
        Images gradient = images(op.gradient());
        Images y = images(result);
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

    private Images images(Tensor tensor) {
        return Images.of(tensors.of(tensor), tensor.shape());
    }
}
