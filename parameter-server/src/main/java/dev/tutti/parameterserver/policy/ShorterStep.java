package dev.tutti.parameterserver.policy;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Takes a part of a step that an optimizer has taken: w ← before + part · (w − before). For every rule that is what a smaller rate would have done;
 * a smaller gradient would not, as Adam's step does not depend on its size. Not thread-safe.
 */
final class ShorterStep {
    private static final int BLOCK = 1024;

    private final float[] w = new float[BLOCK];
    private final float[] from = new float[BLOCK];

    /**
     * Segments hold {@code elementCount} f32 in native order from their start on.
     *
     * @param parameters behind the step, changed in place
     * @param before the step, only read
     */
    void apply(MemorySegment parameters, MemorySegment before, float part, long elementCount) {
        for (long first = 0; first < elementCount; first += BLOCK) {
            int count = (int) Math.min(BLOCK, elementCount - first);
            long at = first * Float.BYTES;
            MemorySegment.copy(parameters, JAVA_FLOAT_UNALIGNED, at, w, 0, count);
            MemorySegment.copy(before, JAVA_FLOAT_UNALIGNED, at, from, 0, count);
            shorten(w, from, part, count);
            MemorySegment.copy(w, 0, parameters, JAVA_FLOAT_UNALIGNED, at, count);
        }
    }

    private static void shorten(float[] w, float[] from, float part, int count) {
        for (int i = 0; i < count; i++) {
            w[i] = from[i] + part * (w[i] - from[i]);
        }
    }
}
