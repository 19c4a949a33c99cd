package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import java.util.Arrays;

/** Sums over an axis and their opposite. Rows hold the dimensions behind the axis; where there are none the axis itself is read as a row. */
final class AxisKernels {
    private AxisKernels() {}

    static Kernel sum(Rows x, int size, float factor, Rows y) {
        if (x.columns() == 1) {
            return rowSums(new Rows(x.memory(), size), factor, y);
        }
        float[] sum = x.newRow();
        float[] addend = x.newRow();
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                Arrays.fill(sum, 0);
                for (int a = 0; a < size; a++) {
                    x.load(r * size + a, addend);
                    VectorMath.add(sum, addend, sum.length);
                }
                VectorMath.scale(sum, factor, sum.length);
                y.store(sum, r);
            }
        };
    }

    private static Kernel rowSums(Rows x, float factor, Rows y) {
        float[] row = x.newRow();
        return () -> {
            for (int r = 0; r < x.count(); r++) {
                x.load(r, row);
                double sum = 0;
                for (float value : row) {
                    sum += value;
                }
                y.memory().set(JAVA_FLOAT_UNALIGNED, (long) r * Float.BYTES, (float) (factor * sum));
            }
        };
    }

    static Kernel repeat(Rows x, int count, float factor, Rows y) {
        if (x.columns() == 1) {
            return repeatEach(x, factor, new Rows(y.memory(), count));
        }
        float[] row = x.newRow();
        return () -> {
            for (int r = 0; r < x.count(); r++) {
                x.load(r, row);
                VectorMath.scale(row, factor, row.length);
                for (int i = 0; i < count; i++) {
                    y.store(row, r * count + i);
                }
            }
        };
    }

    private static Kernel repeatEach(Rows x, float factor, Rows y) {
        float[] row = y.newRow();
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                Arrays.fill(row, factor * x.memory().get(JAVA_FLOAT_UNALIGNED, (long) r * Float.BYTES));
                y.store(row, r);
            }
        };
    }
}
