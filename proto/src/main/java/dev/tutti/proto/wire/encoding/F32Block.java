package dev.tutti.proto.wire.encoding;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Some elements of a chunk in an array, where the JIT compiler vectorizes loops over them. */
final class F32Block {
    /** Elements: with bytes and shorts beside it, it stays in the first-level cache. */
    static final int LENGTH = 1024;

    final float[] values = new float[LENGTH];
    private final float[] others = new float[LENGTH];

    /** Of the block that begins there, in a chunk. */
    static int length(MemorySegment elements, long first) {
        return (int) Math.min(LENGTH, elements.byteSize() / Float.BYTES - first);
    }

    void load(MemorySegment elements, long first, int count) {
        MemorySegment.copy(elements, ValueLayout.JAVA_FLOAT_UNALIGNED, first * Float.BYTES, values, 0, count);
    }

    void store(MemorySegment elements, long first, int count) {
        MemorySegment.copy(values, 0, elements, ValueLayout.JAVA_FLOAT_UNALIGNED, first * Float.BYTES, count);
    }

    /** elements += values. */
    void addTo(MemorySegment elements, long first, int count) {
        MemorySegment.copy(elements, ValueLayout.JAVA_FLOAT_UNALIGNED, first * Float.BYTES, others, 0, count);
        add(others, values, count);
        MemorySegment.copy(others, 0, elements, ValueLayout.JAVA_FLOAT_UNALIGNED, first * Float.BYTES, count);
    }

    /** elements −= values. */
    void subtractFrom(MemorySegment elements, long first, int count) {
        MemorySegment.copy(elements, ValueLayout.JAVA_FLOAT_UNALIGNED, first * Float.BYTES, others, 0, count);
        subtract(others, values, count);
        MemorySegment.copy(others, 0, elements, ValueLayout.JAVA_FLOAT_UNALIGNED, first * Float.BYTES, count);
    }

    private static void add(float[] x, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            x[i] += y[i];
        }
    }

    private static void subtract(float[] x, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            x[i] -= y[i];
        }
    }
}
