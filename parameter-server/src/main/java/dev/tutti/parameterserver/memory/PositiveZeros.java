package dev.tutti.parameterserver.memory;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Makes −0 to 0. A row that does not travel counts as zeros, which may have been −0 and then gives another sign to the zeros it is added to: the sign of a
 * zero in a sum depends on what travelled, and is the only thing that does. Not thread-safe.
 */
final class PositiveZeros {
    private static final int BLOCK = 256;

    private final float[] block = new float[BLOCK];

    /** @param elements f32, changed in place */
    void apply(MemorySegment elements) {
        long elementCount = elements.byteSize() / Float.BYTES;
        for (long first = 0; first < elementCount; first += BLOCK) {
            int count = (int) Math.min(BLOCK, elementCount - first);
            MemorySegment.copy(elements, JAVA_FLOAT_UNALIGNED, first * Float.BYTES, block, 0, count);
            for (int i = 0; i < count; i++) {
                block[i] += 0f;
            }
            MemorySegment.copy(block, 0, elements, JAVA_FLOAT_UNALIGNED, first * Float.BYTES, count);
        }
    }
}
