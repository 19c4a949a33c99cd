package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The right factor of a convolution as a product (im2col; Chellapilla et al. 2006), for one row of the result at a time: each row of x becomes a block, a
 * matrix (input channel · window column) × (column of the result · sample), and the blocks of the rows that a row of the result sees lie one
 * after the other. So a row of x is unrolled once, in runs as long as a row. Padding is zeros that stay.
 */
final class UnrolledRows {
    /** Blocks there is room for, as a multiple of the window's height; then the last ones move to the front. */
    private static final int WINDOWS = 3;
    /** Numbers of bf16 whose sum is any f32. */
    private static final int BF16_PARTS = 3;

    private final ConvolutionSize size;
    private final MemorySegment x;
    private final ElementType type;
    private final int ones;
    private final long elementBytes;
    private final long runBytes;
    private final int blockRows;
    private final long blockBytes;
    private final int capacity;
    private final MemorySegment blocks;
    private final MemorySegment zeros;
    /** From each block on. */
    private final MemorySegment[] windows;

    private int group;
    /** The row, counted from the padding's first on, in the first block. */
    private int first;
    /** Behind the last row that is there. */
    private int end;

    /** Rows of ones at the end of a block: a bias is multiplied by them, and a gradient's product with them is its sum. */
    static int ones(ConvolutionSize size, ElementType type) {
        return type == ElementType.F32
                ? 1
                : Math.ceilDiv(BF16_PARTS, size.window().height());
    }

    UnrolledRows(ConvolutionSize size, Convolvable x, Arena arena) {
        this.size = size;
        this.x = x.memory();
        this.type = x.type();
        this.elementBytes = type.byteSize();
        this.runBytes = size.rowElements() * elementBytes;
        this.ones = ones(size, x.type());
        this.blockRows = size.rowTaps() + ones;
        this.blockBytes = runBytes * blockRows;
        int paddedHeight = size.height() + 2 * size.window().paddingHeight();
        this.capacity = Math.min(paddedHeight, WINDOWS * size.window().height());
        this.blocks = arena.allocate(blockBytes * capacity, MemoryPlan.ALIGNMENT);
        this.zeros = arena.allocate(runBytes * size.rowTaps());
        this.windows = new MemorySegment[capacity - size.window().height() + 1];
        for (int i = 0; i < windows.length; i++) {
            windows[i] = blocks.asSlice(blockBytes * i);
        }
        for (int block = 0; block < capacity; block++) {
            long firstOne = (long) block * blockRows + size.rowTaps();
            for (long i = firstOne * size.rowElements(); i < (firstOne + ones) * size.rowElements(); i++) {
                x.set(blocks, i, 1);
            }
        }
    }

    int blockRows() {
        return blockRows;
    }

    /** Rows of ones in the matrix for a row of the result: as many as it takes to hold a bias, one of f32. */
    int[] ones() {
        int parts = type == ElementType.F32 ? 1 : BF16_PARTS;
        int[] rows = new int[parts];
        for (int part = 0; part < parts; part++) {
            rows[part] = part / ones * blockRows + size.rowTaps() + part % ones;
        }
        return rows;
    }

    /** Rows of the matrix for a row of the result. */
    int rows() {
        return blockRows * size.window().height();
    }

    void restart(int group) {
        this.group = group;
        this.first = 0;
        this.end = 0;
    }

    /** The matrix for a row of the result; rows come in order. */
    MemorySegment forRow(int outputRow) {
        int row = outputRow * size.window().strideHeight();
        if (row - first >= windows.length) {
            if (end > row) {
                MemorySegment.copy(blocks, (row - first) * blockBytes, blocks, 0, (end - row) * blockBytes);
            }
            first = row;
        }
        for (end = Math.max(end, row); end < row + size.window().height(); end++) {
            unroll(end - size.window().paddingHeight(), (end - first) * blockBytes);
        }
        return windows[row - first];
    }

    private void unroll(int row, long offset) {
        if (row < 0 || row >= size.height()) {
            MemorySegment.copy(zeros, 0, blocks, offset, runBytes * size.rowTaps());
            return;
        }
        long to = offset;
        for (int c = 0; c < size.inputs(); c++) {
            long channel = (long) group * size.inputs() + c;
            long from = (channel * size.height() + row) * size.width();
            for (int tap = 0; tap < size.window().width(); tap++) {
                unroll(from, tap, to);
                to += runBytes;
            }
        }
    }

    /** @param from the row's first pixel */
    private void unroll(long from, int tap, long to) {
        long pixelBytes = size.samples() * elementBytes;
        int begin = size.firstColumn(tap);
        int columns = size.endColumn(tap) - begin;
        if (columns > 0 && size.window().strideWidth() == 1) {
            MemorySegment.copy(
                    x,
                    (from + size.inputColumn(begin, tap)) * pixelBytes,
                    blocks,
                    to + begin * pixelBytes,
                    columns * pixelBytes);
            return;
        }
        for (int column = begin; column < begin + columns; column++) {
            MemorySegment.copy(
                    x,
                    (from + size.inputColumn(column, tap)) * pixelBytes,
                    blocks,
                    to + column * pixelBytes,
                    pixelBytes);
        }
    }
}
