package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Losses and their gradients, a row at a time; sums over rows are f64. Exponentials and logarithms are {@code StrictMath}, for 2 ns more each:
 * those of {@code Math} may differ between processors, and with them the bits of workers whose numerics are said to be equal.
 */
final class LossKernels {
    private final ProgramMemory memory;

    LossKernels(ProgramMemory memory) {
        this.memory = memory;
    }

    Kernel crossEntropy(LossOp.CrossEntropy op, Tensor result) {
        Rows logits = rows(op.logits());
        MemorySegment labels = memory.of(op.labels());
        MemorySegment loss = memory.of(result);
        float[] row = logits.newRow();
        int ignored = op.ignored().orElse(-1);
        return () -> {
            double sum = 0;
            for (int r = 0; r < logits.count(); r++) {
                int label = labels.get(JAVA_INT_UNALIGNED, (long) r * Integer.BYTES);
                if (label != ignored || op.ignored().isEmpty()) {
                    logits.load(r, row);
                    sum += logSumExp(row) - (1 - op.smoothing()) * row[checked(label, r, row.length)];
                    sum -= op.smoothing() == 0 ? 0 : op.smoothing() * mean(row);
                }
            }
            loss.set(JAVA_FLOAT_UNALIGNED, 0, (float) sum);
        };
    }

    Kernel crossEntropyGradient(LossOp.CrossEntropyGradient op, Tensor result) {
        Rows logits = rows(op.logits());
        MemorySegment labels = memory.of(op.labels());
        MemorySegment gradient = memory.of(op.gradient());
        Rows y = rows(result);
        float[] row = logits.newRow();
        double[] exponentials = new double[row.length];
        int ignored = op.ignored().orElse(-1);
        return () -> {
            float scale = gradient.get(JAVA_FLOAT_UNALIGNED, 0);
            for (int r = 0; r < logits.count(); r++) {
                int label = labels.get(JAVA_INT_UNALIGNED, (long) r * Integer.BYTES);
                if (label == ignored && op.ignored().isPresent()) {
                    Arrays.fill(row, 0);
                } else {
                    logits.load(r, row);
                    softmax(row, exponentials, op.smoothing() / row.length);
                    row[checked(label, r, row.length)] -= 1 - op.smoothing();
                    scale(row, scale);
                }
                y.store(row, r);
            }
        };
    }

    Kernel squaredError(LossOp.SquaredError op, Tensor result) {
        Rows predictions = rows(op.predictions());
        Rows targets = rows(op.targets());
        MemorySegment loss = memory.of(result);
        float[] prediction = predictions.newRow();
        float[] target = targets.newRow();
        return () -> {
            double sum = 0;
            for (int r = 0; r < predictions.count(); r++) {
                predictions.load(r, prediction);
                targets.load(r, target);
                sum += squaredDistance(prediction, target);
            }
            loss.set(JAVA_FLOAT_UNALIGNED, 0, (float) (sum / prediction.length));
        };
    }

    Kernel squaredErrorGradient(LossOp.SquaredErrorGradient op, Tensor result) {
        Rows predictions = rows(op.predictions());
        Rows targets = rows(op.targets());
        MemorySegment gradient = memory.of(op.gradient());
        Rows y = rows(result);
        float[] prediction = predictions.newRow();
        float[] target = targets.newRow();
        return () -> {
            float factor = 2 * gradient.get(JAVA_FLOAT_UNALIGNED, 0) / prediction.length;
            for (int r = 0; r < predictions.count(); r++) {
                predictions.load(r, prediction);
                targets.load(r, target);
                scaledDifference(prediction, target, factor);
                y.store(prediction, r);
            }
        };
    }

    private Rows rows(Tensor matrix) {
        return new Rows(memory.of(matrix), matrix.shape().size(1));
    }

    /** @throws IllegalArgumentException if the label is not one of the columns */
    private static int checked(int label, int row, int columns) {
        if (label < 0 || label >= columns) {
            throw new IllegalArgumentException(
                    "the label of row " + row + " is " + label + ", expected 0 to " + (columns - 1));
        }
        return label;
    }

    private static double mean(float[] x) {
        double sum = 0;
        for (float value : x) {
            sum += value;
        }
        return sum / x.length;
    }

    private static float max(float[] x) {
        float max = Float.NEGATIVE_INFINITY;
        for (float value : x) {
            max = Math.max(max, value);
        }
        return max;
    }

    private static double logSumExp(float[] x) {
        float max = max(x);
        double sum = 0;
        for (float value : x) {
            sum += StrictMath.exp(value - max);
        }
        return max + StrictMath.log(sum);
    }

    /** Less what smoothing makes the target of every class. */
    private static void softmax(float[] x, double[] exponentials, float target) {
        float max = max(x);
        double sum = 0;
        for (int c = 0; c < x.length; c++) {
            exponentials[c] = StrictMath.exp(x[c] - max);
            sum += exponentials[c];
        }
        for (int c = 0; c < x.length; c++) {
            x[c] = (float) (exponentials[c] / sum - target);
        }
    }

    private static void scale(float[] x, float factor) {
        for (int c = 0; c < x.length; c++) {
            x[c] *= factor;
        }
    }

    private static double squaredDistance(float[] x, float[] y) {
        double sum = 0;
        for (int c = 0; c < x.length; c++) {
            double difference = (double) x[c] - y[c];
            sum += difference * difference;
        }
        return sum;
    }

    private static void scaledDifference(float[] x, float[] y, float factor) {
        for (int c = 0; c < x.length; c++) {
            x[c] = factor * (x[c] - y[c]);
        }
    }
}
