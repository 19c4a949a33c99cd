package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** An f32 matrix as rows on the heap, one array a row, so that inner loops read all arrays at one index and the JIT compiler vectorizes them. */
final class PackedMatrix {
    /** Columns in one pass: what a block of the right operand's rows takes of the second-level cache. */
    private static final int COLUMN_BLOCK = 512;

    private final Strided matrix;
    private final float[][] rows;
    private final int columns;
    private final long rowBytes;
    private final long columnBytes;

    PackedMatrix(Strided matrix) {
        this.matrix = matrix;
        this.columns = matrix.columns();
        this.rows = new float[matrix.rows()][columns];
        int rank = matrix.strides().size();
        this.rowBytes = matrix.strides().get(rank - 2) * Float.BYTES;
        this.columnBytes = matrix.strides().get(rank - 1) * Float.BYTES;
    }

    void load(long byteOffset) {
        MemorySegment memory = matrix.memory();
        for (int r = 0; r < rows.length; r++) {
            float[] row = rows[r];
            long first = byteOffset + r * rowBytes;
            if (columnBytes == Float.BYTES) {
                MemorySegment.copy(memory, JAVA_FLOAT_UNALIGNED, first, row, 0, columns);
            } else {
                for (int c = 0; c < columns; c++) {
                    row[c] = memory.get(JAVA_FLOAT_UNALIGNED, first + c * columnBytes);
                }
            }
        }
    }

    /** Rows of the result are never transposed. */
    void store(long byteOffset) {
        for (int r = 0; r < rows.length; r++) {
            MemorySegment.copy(rows[r], 0, matrix.memory(), JAVA_FLOAT_UNALIGNED, byteOffset + r * rowBytes, columns);
        }
    }

    void clear() {
        for (float[] row : rows) {
            Arrays.fill(row, 0);
        }
    }

    /** Each row as this one. */
    void fillRows(float[] row) {
        for (float[] target : rows) {
            System.arraycopy(row, 0, target, 0, columns);
        }
    }

    /** this += left · right; sums are f32, four products at a time, in the order of k. */
    void addProduct(PackedMatrix left, PackedMatrix right) {
        for (int from = 0; from < columns; from += COLUMN_BLOCK) {
            int to = Math.min(columns, from + COLUMN_BLOCK);
            for (int r = 0; r < rows.length; r++) {
                addRow(rows[r], left.rows[r], right.rows, from, to);
            }
        }
    }

    /** y += a · b in the columns from {@code from} to {@code to}: one row of a product. */
    static void addRow(float[] y, float[] a, float[][] b, int from, int to) {
        int k = 0;
        for (; k + 4 <= a.length; k += 4) {
            addProducts(y, a, k, b, from, to);
        }
        for (; k < a.length; k++) {
            addProduct(y, a[k], b[k], from, to);
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
