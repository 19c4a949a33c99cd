package dev.tutti.tensor.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Arrays of one block each, small enough for the first-level cache. Update rules compute in them because the JIT compiler vectorizes loops over several
 * arrays, which cannot overlap in part, but not over several native segments, which might.
 */
final class Blocks {
    static final int ELEMENTS = 1024;

    private final float[][] arrays;

    Blocks(int arrays) {
        this.arrays = new float[arrays][ELEMENTS];
    }

    float[] array(int index) {
        return arrays[index];
    }

    static int count(long first, long elementCount) {
        return (int) Math.min(ELEMENTS, elementCount - first);
    }

    static void load(MemorySegment source, long first, int count, float[] block) {
        MemorySegment.copy(source, JAVA_FLOAT_UNALIGNED, first * Float.BYTES, block, 0, count);
    }

    static void store(float[] block, MemorySegment target, long first, int count) {
        MemorySegment.copy(block, 0, target, JAVA_FLOAT_UNALIGNED, first * Float.BYTES, count);
    }
}
