package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Each output channel's bias, repeated as often as a row of the result is long: what products are added to. */
final class BiasRows {
    private final float[] bias;
    private final float[] row;
    private final MemorySegment rows;

    BiasRows(ConvolutionSize size, Arena arena) {
        this.bias = new float[size.groups() * size.outputs()];
        this.row = new float[size.rowElements()];
        this.rows = arena.allocate(bias.length * rowBytes(), Long.BYTES * 8);
    }

    void load(MemorySegment memory) {
        MemorySegment.copy(memory, JAVA_FLOAT_UNALIGNED, 0, bias, 0, bias.length);
        for (int o = 0; o < bias.length; o++) {
            Arrays.fill(row, bias[o]);
            MemorySegment.copy(row, 0, rows, JAVA_FLOAT_UNALIGNED, o * rowBytes(), row.length);
        }
    }

    void copyTo(int output, MemorySegment y, long byteOffset) {
        MemorySegment.copy(rows, output * rowBytes(), y, byteOffset, rowBytes());
    }

    private long rowBytes() {
        return (long) row.length * Float.BYTES;
    }
}
