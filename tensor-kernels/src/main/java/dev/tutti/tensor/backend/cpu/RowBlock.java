package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Some whole rows in arrays, as many as make loops long enough to be worth their while. What one row has one of lies beside it once for each
 * column, so that loops over all elements read it at the same index.
 */
final class RowBlock {
    private static final int ELEMENTS = 2048;

    private final int columns;
    private final int rows;
    private final float[] spread;
    private final VectorMath.Exponential exponential;

    RowBlock(int columns) {
        this.columns = columns;
        this.rows = Math.max(1, ELEMENTS / columns);
        this.spread = new float[rows * columns];
        this.exponential = new VectorMath.Exponential(rows * columns);
    }

    /** At most. */
    int rows() {
        return rows;
    }

    float[] newElements() {
        return new float[rows * columns];
    }

    float[] newRows() {
        return new float[rows];
    }

    /** Each row's value, once for each of its columns; until the next call. */
    float[] spread(float[] rowValues, int count) {
        spread(rowValues, count, spread);
        return spread;
    }

    /** Each row's value, once for each of its columns. */
    void spread(float[] rowValues, int count, float[] elements) {
        for (int r = 0; r < count; r++) {
            Arrays.fill(elements, r * columns, (r + 1) * columns, rowValues[r]);
        }
    }

    /** One row, f32, as often as there are rows in a block. */
    void repeat(MemorySegment row, float[] elements) {
        for (int i = 0; i < elements.length; i += columns) {
            MemorySegment.copy(row, JAVA_FLOAT_UNALIGNED, 0, elements, i, columns);
        }
    }

    void sums(float[] x, float[] result, int count) {
        for (int r = 0; r < count; r++) {
            result[r] = VectorMath.sum(x, r * columns, (r + 1) * columns);
        }
    }

    /** 0 for rows that have nothing but −∞. */
    private void maxima(float[] x, float[] result, int count) {
        for (int r = 0; r < count; r++) {
            float max = VectorMath.max(x, r * columns, (r + 1) * columns);
            result[r] = max == Float.NEGATIVE_INFINITY ? 0 : max;
        }
    }

    /**
     * x[r, c] = exp(x[r, c] − max x[r, :]).
     *
     * @param maxima receives those, of rows with nothing but −∞ 0
     * @param sums receives Σc x[r, c]
     */
    void exponentials(float[] x, float[] maxima, float[] sums, int count) {
        maxima(x, maxima, count);
        exponentials(x, maxima, count);
        sums(x, sums, count);
    }

    /** x[r, c] = exp(x[r, c] − shift[r]). */
    private void exponentials(float[] x, float[] shift, int count) {
        exponential.apply(x, spread(shift, count), count * columns);
    }

    /** x[r, c] = x[r, c] / sums[r], 0 where the sum is 0; {@code sums} become their inverses. */
    void divide(float[] x, float[] sums, int count) {
        for (int r = 0; r < count; r++) {
            sums[r] = sums[r] == 0 ? 0 : 1 / sums[r];
        }
        VectorMath.multiply(x, spread(sums, count), x, count * columns);
    }
}
