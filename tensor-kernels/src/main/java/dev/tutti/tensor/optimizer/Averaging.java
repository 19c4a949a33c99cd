package dev.tutti.tensor.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.graph.Parameter;
import java.lang.foreign.MemorySegment;

/**
 * Moves parameters part of the way towards others: w ← w + rate · (g − w). So do those that are not trained, towards a statistic that comes as their gradient. Each element by
 * itself, so any cut into slices gives the same bits. Goes through arrays of one block for the reason {@link SliceOptimizer} does. Not thread-safe.
 */
public final class Averaging {
    private static final int BLOCK = 256;

    private final float[] w = new float[BLOCK];
    private final float[] g = new float[BLOCK];

    /**
     * On a slice, with the rate {@value Parameter#AVERAGE_RATE}; segments hold {@code elementCount} f32 in native order from their start on.
     *
     * @param parameters the current values, only read
     * @param updated where the new values go; may be one of the other two
     * @param statistic only read
     * @param scale what to multiply it with first
     */
    public void apply(
            MemorySegment parameters, MemorySegment updated, MemorySegment statistic, float scale, long elementCount) {
        apply(parameters, updated, statistic, scale, Parameter.AVERAGE_RATE, elementCount);
    }

    /** The same with any rate: 0 changes nothing, with 1 the statistic takes the parameters' place. */
    public void apply(
            MemorySegment parameters,
            MemorySegment updated,
            MemorySegment statistic,
            float scale,
            float rate,
            long elementCount) {
        for (long first = 0; first < elementCount; first += BLOCK) {
            int count = (int) Math.min(BLOCK, elementCount - first);
            long at = first * Float.BYTES;
            MemorySegment.copy(parameters, JAVA_FLOAT_UNALIGNED, at, w, 0, count);
            MemorySegment.copy(statistic, JAVA_FLOAT_UNALIGNED, at, g, 0, count);
            average(w, g, scale, rate, count);
            MemorySegment.copy(w, 0, updated, JAVA_FLOAT_UNALIGNED, at, count);
        }
    }

    private static void average(float[] w, float[] g, float scale, float rate, int count) {
        for (int i = 0; i < count; i++) {
            w[i] += rate * (g[i] * scale - w[i]);
        }
    }
}
