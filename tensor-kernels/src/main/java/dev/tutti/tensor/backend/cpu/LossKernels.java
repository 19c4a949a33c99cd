package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;

/** Losses over numbers, and their gradients, a row at a time; sums over rows are f64. */
final class LossKernels {
    private final ProgramMemory memory;

    LossKernels(ProgramMemory memory) {
        this.memory = memory;
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

    Kernel binaryCrossEntropy(LossOp.BinaryCrossEntropy op, Tensor result) {
        Rows logits = Rows.flat(memory.of(op.logits()));
        Rows targets = Rows.flat(memory.of(op.targets()));
        MemorySegment loss = memory.of(result);
        int columns = op.logits().shape().size(1);
        float[] x = logits.newRow();
        float[] target = logits.newRow();
        float[] exponentials = logits.newRow();
        VectorMath.Exponential exponential = new VectorMath.Exponential(x.length);
        return () -> {
            double sum = 0;
            for (int r = 0; r < logits.count(); r++) {
                int count = logits.length(r);
                logits.load(r, x);
                targets.load(r, target);
                negativeMagnitudes(x, exponentials, count);
                exponential.apply(exponentials, count);
                logarithms(exponentials, count);
                binaryLosses(x, target, exponentials, count);
                sum += VectorMath.sum(exponentials, 0, count);
            }
            loss.set(JAVA_FLOAT_UNALIGNED, 0, (float) (sum / columns));
        };
    }

    Kernel binaryCrossEntropyGradient(LossOp.BinaryCrossEntropyGradient op, Tensor result) {
        Rows logits = Rows.flat(memory.of(op.logits()));
        Rows targets = Rows.flat(memory.of(op.targets()));
        MemorySegment gradient = memory.of(op.gradient());
        Rows y = Rows.flat(memory.of(result));
        int columns = op.logits().shape().size(1);
        float[] x = logits.newRow();
        float[] target = logits.newRow();
        return () -> {
            float factor = gradient.get(JAVA_FLOAT_UNALIGNED, 0) / columns;
            for (int r = 0; r < logits.count(); r++) {
                logits.load(r, x);
                targets.load(r, target);
                VectorMath.sigmoid(x, logits.length(r));
                scaledDifference(x, target, factor);
                y.store(x, r);
            }
        };
    }

    private static void negativeMagnitudes(float[] x, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = -Math.abs(x[i]);
        }
    }

    /** x = log(1 + x) for x from 0 to 1: 2 · artanh(s), s = x / (2 + x), as a polynomial. */
    private static void logarithms(float[] x, int count) {
        for (int i = 0; i < count; i++) {
            float s = x[i] / (2 + x[i]);
            float z = s * s;
            float p = Math.fma(z, 2f / 15, 2f / 13);
            p = Math.fma(p, z, 2f / 11);
            p = Math.fma(p, z, 2f / 9);
            p = Math.fma(p, z, 2f / 7);
            p = Math.fma(p, z, 2f / 5);
            p = Math.fma(p, z, 2f / 3);
            x[i] = s * Math.fma(p, z, 2);
        }
    }

    /** log(1 + exp(x)) − target · x, from log(1 + exp(−|x|)). */
    private static void binaryLosses(float[] x, float[] target, float[] logarithm, int count) {
        for (int i = 0; i < count; i++) {
            logarithm[i] += Math.max(x[i], 0) - target[i] * x[i];
        }
    }

    private Rows rows(Tensor matrix) {
        return new Rows(memory.of(matrix), matrix.shape().size(1));
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
