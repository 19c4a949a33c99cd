package dev.tutti.tensor.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** Multiplies gradients by a number, in place. Not thread-safe: elements pass through a block it keeps. */
public final class GradientScaling {
    private static final int BLOCK = 1024;

    private final float[] block = new float[BLOCK];

    /** @param gradient {@code elementCount} f32 in native order from its start on */
    public void apply(MemorySegment gradient, float factor, long elementCount) {
        for (long first = 0; first < elementCount; first += BLOCK) {
            int count = (int) Math.min(BLOCK, elementCount - first);
            long at = first * Float.BYTES;
            MemorySegment.copy(gradient, JAVA_FLOAT_UNALIGNED, at, block, 0, count);
            for (int i = 0; i < count; i++) {
                block[i] *= factor;
            }
            MemorySegment.copy(block, 0, gradient, JAVA_FLOAT_UNALIGNED, at, count);
        }
    }
}
