package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** What one place of a pooling's window sees for a row of the result: pixels (columns of the result, samples), on the heap. Each channel is a group. */
final class PoolWindow {
    private final ConvolutionSize size;
    /** By column of the window; what lies outside of the image stays. */
    private final float[][] pixels;
    /** The same arrays. */
    private final MemorySegment[] segments;

    /** @param outside the value of padding */
    PoolWindow(ConvolutionSize size, float outside) {
        this.size = size;
        this.pixels = new float[size.window().width()][size.rowElements()];
        this.segments = new MemorySegment[pixels.length];
        for (int j = 0; j < pixels.length; j++) {
            Arrays.fill(pixels[j], outside);
            segments[j] = MemorySegment.ofArray(pixels[j]);
        }
    }

    /** Whether a row of the window lies within the image. */
    boolean contains(int outputRow, int i) {
        int row = inputRow(outputRow, i);
        return row >= 0 && row < size.height();
    }

    private int inputRow(int outputRow, int i) {
        return outputRow * size.window().strideHeight() + i - size.window().paddingHeight();
    }

    float[] load(MemorySegment x, int channel, int outputRow, int i, int j) {
        long row = ((long) channel * size.height() + inputRow(outputRow, i)) * size.width();
        int samples = size.samples();
        int begin = size.firstColumn(j);
        int columns = size.endColumn(j) - begin;
        boolean together = size.window().strideWidth() == 1;
        int runs = together ? Math.min(1, columns) : columns;
        int run = together ? columns * samples : samples;
        for (int column = begin; column < begin + runs; column++) {
            long offset = (row + size.inputColumn(column, j)) * samples * Float.BYTES;
            MemorySegment.copy(x, JAVA_FLOAT_UNALIGNED, offset, pixels[j], column * samples, run);
        }
        return pixels[j];
    }

    /** The same as bits. */
    void loadBits(MemorySegment x, int channel, int outputRow, int i, int j, int[] bits) {
        load(x, channel, outputRow, i, j);
        MemorySegment.copy(segments[j], JAVA_INT_UNALIGNED, 0, bits, 0, bits.length);
    }

    void store(float[] result, MemorySegment y, int channel, int outputRow) {
        MemorySegment.copy(result, 0, y, JAVA_FLOAT_UNALIGNED, resultOffset(channel, outputRow), result.length);
    }

    void loadResult(MemorySegment y, int channel, int outputRow, float[] result) {
        MemorySegment.copy(y, JAVA_FLOAT_UNALIGNED, resultOffset(channel, outputRow), result, 0, result.length);
    }

    void loadResult(MemorySegment y, int channel, int outputRow, int[] result) {
        MemorySegment.copy(y, JAVA_INT_UNALIGNED, resultOffset(channel, outputRow), result, 0, result.length);
    }

    private long resultOffset(int channel, int outputRow) {
        return ((long) channel * size.outputHeight() + outputRow) * size.rowElements() * Float.BYTES;
    }
}
