package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.OptionalInt;

record LossLoops(TensorValues tensors) {
    Kernel bind(LossOp op, Tensor result) {
        Values y = tensors.of(result);
        return switch (op) {
            case LossOp.CrossEntropy(var logits, var labels, float smoothing, var ignored) -> {
                Classes classes = new Classes(tensors.matrix(logits), tensors.of(labels), smoothing, ignored);
                yield () -> y.set(0, classes.loss());
            }
            case LossOp.CrossEntropyGradient(var gradient, var logits, var labels, float smoothing, var ignored) -> {
                Classes classes = new Classes(tensors.matrix(logits), tensors.of(labels), smoothing, ignored);
                Values scale = tensors.of(gradient);
                yield () -> classes.gradient(scale.get(0), y);
            }
            case LossOp.SquaredError(var predictions, var targets) ->
                squaredError(tensors.matrix(predictions), tensors.of(targets), y);
            case LossOp.SquaredErrorGradient(var gradient, var predictions, var targets) ->
                squaredErrorGradient(tensors.of(gradient), tensors.matrix(predictions), tensors.of(targets), y);
            case LossOp.BinaryCrossEntropy(var logits, var targets) ->
                binary(tensors.matrix(logits), tensors.of(targets), y);
            case LossOp.BinaryCrossEntropyGradient(var gradient, var logits, var targets) ->
                binaryGradient(tensors.of(gradient), tensors.matrix(logits), tensors.of(targets), y);
        };
    }

    private record Classes(Matrix logits, Values labels, double smoothing, OptionalInt ignored) {
        double loss() {
            double loss = 0;
            for (int r = 0; r < logits.rows(); r++) {
                if (!isIgnored(r)) {
                    loss += logSumExp(r);
                    for (int c = 0; c < logits.columns(); c++) {
                        loss -= target(r, c) * logits.get(r, c);
                    }
                }
            }
            return loss;
        }

        void gradient(double scale, Values y) {
            for (int r = 0; r < logits.rows(); r++) {
                double logSumExp = logSumExp(r);
                for (int c = 0; c < logits.columns(); c++) {
                    double softmax = StrictMath.exp(logits.get(r, c) - logSumExp);
                    y.set((long) r * logits.columns() + c, isIgnored(r) ? 0 : scale * (softmax - target(r, c)));
                }
            }
        }

        private boolean isIgnored(int row) {
            return ignored.isPresent() && (int) labels.get(row) == ignored.getAsInt();
        }

        private double target(int row, int column) {
            int label = (int) labels.get(row);
            if (label < 0 || label >= logits.columns()) {
                throw new IllegalArgumentException(
                        "the label of row " + row + " is " + label + ", expected 0 to " + (logits.columns() - 1));
            }
            return (column == label ? 1 - smoothing : 0) + smoothing / logits.columns();
        }

        /** log Σc exp(x[row, c]), without overflow. */
        private double logSumExp(int row) {
            double max = Double.NEGATIVE_INFINITY;
            for (int c = 0; c < logits.columns(); c++) {
                max = Math.max(max, logits.get(row, c));
            }
            double sum = 0;
            for (int c = 0; c < logits.columns(); c++) {
                sum += StrictMath.exp(logits.get(row, c) - max);
            }
            return max + StrictMath.log(sum);
        }
    }

    private static Kernel squaredError(Matrix predictions, Values targets, Values y) {
        return () -> {
            double sum = 0;
            for (long i = 0; i < targets.count(); i++) {
                double error = predictions.values().get(i) - targets.get(i);
                sum += error * error;
            }
            y.set(0, sum / predictions.columns());
        };
    }

    private static Kernel squaredErrorGradient(Values gradient, Matrix predictions, Values targets, Values y) {
        return () -> {
            double factor = 2.0 * gradient.get(0) / predictions.columns();
            for (long i = 0; i < y.count(); i++) {
                y.set(i, factor * (predictions.values().get(i) - targets.get(i)));
            }
        };
    }

    private static Kernel binary(Matrix logits, Values targets, Values y) {
        return () -> {
            double sum = 0;
            for (long i = 0; i < targets.count(); i++) {
                double x = logits.values().get(i);
                sum += Functions.softplus(x) - targets.get(i) * x;
            }
            y.set(0, sum / logits.columns());
        };
    }

    private static Kernel binaryGradient(Values gradient, Matrix logits, Values targets, Values y) {
        return () -> {
            double factor = gradient.get(0) / logits.columns();
            for (long i = 0; i < y.count(); i++) {
                y.set(i, factor * (Functions.sigmoid(logits.values().get(i)) - targets.get(i)));
            }
        };
    }
}
