package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * A 4-byte tensor, a row at a time by way of an array. Loops over arrays at one index vectorize; over several native segments,
 * which might overlap, they do not.
 */
record Rows(MemorySegment memory, int columns) {
    /** Rows of this many elements for tensors whose shape does not matter. */
    private static final int FLAT_COLUMNS = 2048;

    /** The tensor as rows of a convenient length, the last one shorter. */
    static Rows flat(MemorySegment memory) {
        return new Rows(memory, FLAT_COLUMNS);
    }

    int count() {
        return Math.toIntExact((elementCount() + columns - 1) / columns);
    }

    /** Of a row: {@link #columns}, or less in the last. */
    int length(int row) {
        return (int) Math.min(columns, elementCount() - (long) row * columns);
    }

    float[] newRow() {
        return new float[columns];
    }

    void load(int row, float[] target) {
        MemorySegment.copy(memory, JAVA_FLOAT_UNALIGNED, byteOffset(row), target, 0, length(row));
    }

    void load(int row, int[] target) {
        MemorySegment.copy(memory, JAVA_INT_UNALIGNED, byteOffset(row), target, 0, length(row));
    }

    void store(float[] source, int row) {
        MemorySegment.copy(source, 0, memory, JAVA_FLOAT_UNALIGNED, byteOffset(row), length(row));
    }

    void store(int[] source, int row) {
        MemorySegment.copy(source, 0, memory, JAVA_INT_UNALIGNED, byteOffset(row), length(row));
    }

    private long elementCount() {
        return memory.byteSize() / Float.BYTES;
    }

    private long byteOffset(int row) {
        return (long) row * columns * Float.BYTES;
    }
}
