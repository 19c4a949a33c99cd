package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Shape;
import java.util.Arrays;

/** A matrix as f32 rows on the heap, one array a row, so that inner loops read all arrays at one index and the JIT compiler vectorizes them. */
final class PackedMatrix {
    /** Columns in one pass: what a block of the right operand's rows takes of the second-level cache. */
    private static final int COLUMN_BLOCK = 512;

    private final Values values;
    private final boolean transposed;
    private final float[][] rows;
    private final int columns;

    PackedMatrix(Values values, Shape shape, boolean transposed) {
        this.values = values;
        this.transposed = transposed;
        this.columns = shape.size(transposed ? 0 : 1);
        this.rows = new float[shape.size(transposed ? 1 : 0)][columns];
    }

    void load() {
        for (int r = 0; r < rows.length; r++) {
            float[] row = rows[r];
            long first = transposed ? r : (long) r * columns;
            long stride = transposed ? rows.length : 1;
            for (int c = 0; c < columns; c++) {
                row[c] = (float) values.get(first + c * stride);
            }
        }
    }

    void store() {
        for (int r = 0; r < rows.length; r++) {
            for (int c = 0; c < columns; c++) {
                values.set((long) r * columns + c, rows[r][c]);
            }
        }
    }

    /** this = left · right; sums are f32, four products at a time, in the order of k. */
    void product(PackedMatrix left, PackedMatrix right) {
        int inner = left.columns;
        for (int from = 0; from < columns; from += COLUMN_BLOCK) {
            int to = Math.min(columns, from + COLUMN_BLOCK);
            for (int r = 0; r < rows.length; r++) {
                float[] y = rows[r];
                float[] a = left.rows[r];
                Arrays.fill(y, from, to, 0);
                int k = 0;
                for (; k + 4 <= inner; k += 4) {
                    addProducts(y, a, k, right.rows, from, to);
                }
                for (; k < inner; k++) {
                    addProduct(y, a[k], right.rows[k], from, to);
                }
            }
        }
    }

    private static void addProducts(float[] y, float[] a, int k, float[][] b, int from, int to) {
        float a0 = a[k];
        float a1 = a[k + 1];
        float a2 = a[k + 2];
        float a3 = a[k + 3];
        float[] b0 = b[k];
        float[] b1 = b[k + 1];
        float[] b2 = b[k + 2];
        float[] b3 = b[k + 3];
        for (int c = from; c < to; c++) {
            y[c] += (a0 * b0[c] + a1 * b1[c]) + (a2 * b2[c] + a3 * b3[c]);
        }
    }

    private static void addProduct(float[] y, float a, float[] b, int from, int to) {
        for (int c = from; c < to; c++) {
            y[c] += a * b[c];
        }
    }

    void addToRows(float[] bias) {
        for (float[] row : rows) {
            for (int c = 0; c < row.length; c++) {
                row[c] += bias[c];
            }
        }
    }
}
