package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Sums what rows of a convolution's gradient give to rows of x (col2im). The rows that a window covers are on the heap until the last row that
 * sees them has been added.
 */
final class RowSums {
    private final ConvolutionSize size;
    private final MemorySegment x;
    /** By row modulo the window's height, then by channel. */
    private final float[][] sums;
    /** A part where it belongs in a row of x, with zeros around that stay; one for each column of the window. */
    private final float[][] parts;

    private int group;
    /** The first row of x that is not final. */
    private int begin;

    RowSums(ConvolutionSize size, MemorySegment x) {
        this.size = size;
        this.x = x;
        int rowElements = size.width() * size.samples();
        this.sums = new float[size.window().height() * size.inputs()][rowElements];
        this.parts = new float[size.window().width()][rowElements];
    }

    void restart(int group) {
        this.group = group;
        this.begin = 0;
    }

    /**
     * Rows come in order.
     *
     * @param taps (height · in · width of the window, row of the result)
     */
    void add(int outputRow, MemorySegment taps) {
        int firstRow = outputRow * size.window().strideHeight() - size.window().paddingHeight();
        finishUntil(firstRow);
        for (int i = 0; i < size.window().height(); i++) {
            int row = firstRow + i;
            if (row >= 0 && row < size.height()) {
                for (int c = 0; c < size.inputs(); c++) {
                    loadParts(
                            taps, (long) (i * size.inputs() + c) * size.window().width());
                    addParts(sum(row, c));
                }
            }
        }
    }

    void finish() {
        finishUntil(size.height());
    }

    private void finishUntil(int row) {
        for (; begin < Math.min(row, size.height()); begin++) {
            for (int c = 0; c < size.inputs(); c++) {
                float[] sum = sum(begin, c);
                long channel = (long) group * size.inputs() + c;
                long offset = (channel * size.height() + begin) * sum.length * Float.BYTES;
                MemorySegment.copy(sum, 0, x, JAVA_FLOAT_UNALIGNED, offset, sum.length);
                Arrays.fill(sum, 0);
            }
        }
    }

    private float[] sum(int row, int channel) {
        return sums[row % size.window().height() * size.inputs() + channel];
    }

    private void loadParts(MemorySegment taps, long firstTap) {
        for (int tap = 0; tap < parts.length; tap++) {
            long offset = (firstTap + tap) * size.rowElements() * Float.BYTES;
            int columnFirst = size.firstColumn(tap);
            int columns = size.endColumn(tap) - columnFirst;
            boolean together = size.window().strideWidth() == 1;
            int runs = together ? Math.min(1, columns) : columns;
            int run = together ? columns * size.samples() : size.samples();
            for (int i = 0; i < runs; i++) {
                int column = columnFirst + i;
                MemorySegment.copy(
                        taps,
                        JAVA_FLOAT_UNALIGNED,
                        offset + (long) column * size.samples() * Float.BYTES,
                        parts[tap],
                        size.inputColumn(column, tap) * size.samples(),
                        run);
            }
        }
    }

    private void addParts(float[] sum) {
        int tap = 0;
        for (; tap + 5 <= parts.length; tap += 5) {
            add(sum, parts[tap], parts[tap + 1], parts[tap + 2], parts[tap + 3], parts[tap + 4]);
        }
        for (; tap + 3 <= parts.length; tap += 3) {
            add(sum, parts[tap], parts[tap + 1], parts[tap + 2]);
        }
        for (; tap < parts.length; tap++) {
            VectorMath.add(sum, parts[tap], sum.length);
        }
    }

    private static void add(float[] sum, float[] a, float[] b, float[] c, float[] d, float[] e) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += (a[i] + b[i]) + (c[i] + d[i]) + e[i];
        }
    }

    private static void add(float[] sum, float[] a, float[] b, float[] c) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += a[i] + b[i] + c[i];
        }
    }
}
