package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A group's images with their padding, [height, channels, width, samples] f32: what a window's column covers in a row is one matrix. */
final class PaddedRows {
    private final ConvolutionSize size;
    private final MemorySegment memory;
    /** From each row of the result's window, and each of its columns, on. */
    private final MemorySegment[] windows;

    PaddedRows(ConvolutionSize size, Arena arena) {
        this.size = size;
        int height = size.height() + 2 * size.window().paddingHeight();
        this.memory = arena.allocate((long) height * size.inputs() * rowElements() * Float.BYTES, MemoryPlan.ALIGNMENT);
        this.windows = new MemorySegment[size.outputHeight() * size.window().width()];
        for (int i = 0; i < windows.length; i++) {
            int row = i / size.window().width() * size.window().strideHeight();
            int column = i % size.window().width();
            windows[i] = memory.asSlice(offset(row, 0, column));
        }
    }

    /** Of a channel. */
    int rowElements() {
        return (size.width() + 2 * size.window().paddingWidth()) * size.samples();
    }

    private long offset(int row, int channel, int column) {
        return (((long) row * size.inputs() + channel) * rowElements() + (long) column * size.samples()) * Float.BYTES;
    }

    void clear() {
        memory.fill((byte) 0);
    }

    /** (window height · channels, columns of the result · samples). */
    MemorySegment from(int outputRow, int column) {
        return windows[outputRow * size.window().width() + column];
    }

    /** Without the padding, as a group of [channels, height, width, samples]. */
    void store(MemorySegment images, int group) {
        long rowBytes = (long) size.width() * size.samples() * Float.BYTES;
        for (int c = 0; c < size.inputs(); c++) {
            long channel = (long) group * size.inputs() + c;
            for (int row = 0; row < size.height(); row++) {
                MemorySegment.copy(
                        memory,
                        offset(
                                row + size.window().paddingHeight(),
                                c,
                                size.window().paddingWidth()),
                        images,
                        (channel * size.height() + row) * rowBytes,
                        rowBytes);
            }
        }
    }
}
