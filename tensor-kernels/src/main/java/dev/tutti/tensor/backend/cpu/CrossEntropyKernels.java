package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * Cross-entropy, rows in blocks; the sum over rows is f64. Exponentials are {@link VectorMath}'s and logarithms {@code StrictMath}'s: those of {@code Math}
 * may differ between processors, and with them the bits of workers whose numerics are said to be equal.
 */
record CrossEntropyKernels(ProgramMemory memory) {
    Kernel loss(LossOp.CrossEntropy op, Tensor result) {
        int columns = op.logits().shape().size(1);
        RowBlock block = new RowBlock(columns);
        float[] x = block.newElements();
        float[] maxima = block.newRows();
        float[] sums = block.newRows();
        float[] means = block.newRows();
        float[] targets = block.newRows();
        Rows logits = new Rows(memory.of(op.logits()), x.length);
        Labels labels = new Labels(memory.of(op.labels()), op.ignored(), columns);
        MemorySegment loss = memory.of(result);
        float smoothing = op.smoothing();
        return () -> {
            double sum = 0;
            for (int b = 0; b < logits.count(); b++) {
                int rows = logits.length(b) / columns;
                int first = b * block.rows();
                logits.load(b, x);
                for (int r = 0; r < rows; r++) {
                    targets[r] = labels.isIgnored(first + r) ? 0 : x[r * columns + labels.label(first + r)];
                }
                if (smoothing != 0) {
                    block.sums(x, means, rows);
                    VectorMath.scale(means, 1f / columns, rows);
                }
                block.exponentials(x, maxima, sums, rows);
                for (int r = 0; r < rows; r++) {
                    double target = (1 - (double) smoothing) * targets[r] + (double) smoothing * means[r];
                    sum += labels.isIgnored(first + r) ? 0 : maxima[r] + StrictMath.log(sums[r]) - target;
                }
            }
            loss.set(JAVA_FLOAT_UNALIGNED, 0, (float) sum);
        };
    }

    Kernel gradient(LossOp.CrossEntropyGradient op, Tensor result) {
        int columns = op.logits().shape().size(1);
        RowBlock block = new RowBlock(columns);
        float[] x = block.newElements();
        float[] maxima = block.newRows();
        float[] sums = block.newRows();
        Rows logits = new Rows(memory.of(op.logits()), x.length);
        Labels labels = new Labels(memory.of(op.labels()), op.ignored(), columns);
        MemorySegment gradient = memory.of(op.gradient());
        Rows y = new Rows(memory.of(result), x.length);
        float uniform = op.smoothing() / columns;
        return () -> {
            float scale = gradient.get(JAVA_FLOAT_UNALIGNED, 0);
            for (int b = 0; b < y.count(); b++) {
                int rows = y.length(b) / columns;
                int first = b * block.rows();
                logits.load(b, x);
                block.exponentials(x, maxima, sums, rows);
                block.divide(x, sums, rows);
                if (uniform != 0) {
                    Arrays.fill(sums, uniform);
                    VectorMath.subtract(x, block.spread(sums, rows), rows * columns);
                }
                for (int r = 0; r < rows; r++) {
                    if (labels.isIgnored(first + r)) {
                        Arrays.fill(x, r * columns, (r + 1) * columns, 0);
                    } else {
                        x[r * columns + labels.label(first + r)] -= 1 - op.smoothing();
                    }
                }
                VectorMath.scale(x, scale, rows * columns);
                y.store(x, b);
            }
        };
    }

    private record Labels(MemorySegment memory, OptionalInt ignored, int columns) {
        boolean isIgnored(int row) {
            return ignored.isPresent() && at(row) == ignored.getAsInt();
        }

        /** @throws IllegalArgumentException if it is not one of the columns */
        int label(int row) {
            int label = at(row);
            if (label < 0 || label >= columns) {
                throw new IllegalArgumentException(
                        "the label of row " + row + " is " + label + ", expected 0 to " + (columns - 1));
            }
            return label;
        }

        private int at(int row) {
            return memory.get(JAVA_INT_UNALIGNED, (long) row * Integer.BYTES);
        }
    }
}
