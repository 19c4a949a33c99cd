package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Softmax down the columns of an f32 matrix, in place, some rows at a time. What a column has one of lies beside it once for each of those rows: no
 * loop has to reduce within a row.
 */
final class ColumnSoftmax {
    private static final int ELEMENTS = 2048;

    private final int columns;
    private final float[] x;
    private final float[] maxima;
    private final float[] sums;
    private final VectorMath.Exponential exponential;

    ColumnSoftmax(int columns) {
        this.columns = columns;
        this.x = new float[Math.max(1, ELEMENTS / columns) * columns];
        this.maxima = new float[x.length];
        this.sums = new float[x.length];
        this.exponential = new VectorMath.Exponential(x.length);
    }

    /**
     * Columns with nothing but −∞ become 0.
     *
     * @param byteOffset of the matrix
     * @param logarithms receives those of the columns' sums of exponentials, f32; 0 where that sum is 0
     */
    void apply(MemorySegment memory, long byteOffset, int rows, MemorySegment logarithms, long logarithmOffset) {
        long end = byteOffset + (long) rows * columns * Float.BYTES;
        long step = (long) x.length * Float.BYTES;
        Arrays.fill(maxima, Float.NEGATIVE_INFINITY);
        for (long offset = byteOffset; offset < end; offset += step) {
            VectorMath.max(maxima, x, load(memory, offset, end));
        }
        combineMaxima();
        Arrays.fill(sums, 0);
        for (long offset = byteOffset; offset < end; offset += step) {
            int count = load(memory, offset, end);
            exponential.apply(x, maxima, count);
            VectorMath.add(sums, x, count);
            MemorySegment.copy(x, 0, memory, JAVA_FLOAT_UNALIGNED, offset, count);
        }
        combineSums();
        for (int c = 0; c < columns; c++) {
            float logarithm = sums[c] == 0 ? 0 : (float) (maxima[c] + StrictMath.log(sums[c]));
            logarithms.set(JAVA_FLOAT_UNALIGNED, logarithmOffset + (long) c * Float.BYTES, logarithm);
            sums[c] = sums[c] == 0 ? 0 : 1 / sums[c];
        }
        repeat(sums);
        for (long offset = byteOffset; offset < end; offset += step) {
            int count = load(memory, offset, end);
            VectorMath.multiply(x, sums, x, count);
            MemorySegment.copy(x, 0, memory, JAVA_FLOAT_UNALIGNED, offset, count);
        }
    }

    private int load(MemorySegment memory, long offset, long end) {
        int count = (int) Math.min(x.length, (end - offset) / Float.BYTES);
        MemorySegment.copy(memory, JAVA_FLOAT_UNALIGNED, offset, x, 0, count);
        return count;
    }

    /** 0 in place of −∞, from which −∞ cannot be taken away. */
    private void combineMaxima() {
        for (int from = columns; from < maxima.length; from += columns) {
            for (int c = 0; c < columns; c++) {
                maxima[c] = Math.max(maxima[c], maxima[from + c]);
            }
        }
        for (int c = 0; c < columns; c++) {
            maxima[c] = maxima[c] == Float.NEGATIVE_INFINITY ? 0 : maxima[c];
        }
        repeat(maxima);
    }

    private void combineSums() {
        for (int from = columns; from < sums.length; from += columns) {
            for (int c = 0; c < columns; c++) {
                sums[c] += sums[from + c];
            }
        }
    }

    /** The first row in all the others. */
    private void repeat(float[] values) {
        for (int to = columns; to < values.length; to += columns) {
            System.arraycopy(values, 0, values, to, columns);
        }
    }
}
