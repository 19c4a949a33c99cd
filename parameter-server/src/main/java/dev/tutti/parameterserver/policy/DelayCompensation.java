package dev.tutti.parameterserver.policy;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Makes a late gradient nearly what it would be on the parameters as they are now: g ← g + λ · g ⊙ g ⊙ (w − w_backup), where w_backup are the
 * parameters it was computed on, and g ⊙ g stands for the diagonal of the Hessian (DC-ASGD; Zheng et al., 2017). Adaptive: λ / √(m + {@value
 * #EPSILON}), where m ← {@value #DECAY} · m + (1 − {@value #DECAY}) · g². Through arrays of one block, which the compiler vectorizes. Not thread-safe.
 */
final class DelayCompensation {
    private static final int BLOCK = 1024;
    private static final float DECAY = 0.95f;
    private static final float EPSILON = 1e-7f;

    private final float lambda;
    private final float[] g = new float[BLOCK];
    private final float[] w = new float[BLOCK];
    private final float[] backup = new float[BLOCK];
    private final float[] meanSquare = new float[BLOCK];

    DelayCompensation(double lambda) {
        this.lambda = (float) lambda;
    }

    /**
     * On a slice; segments hold {@code elementCount} f32 in native order from their start on.
     *
     * @param gradient changed in place
     * @param current parameters, only read
     * @param basedOn the parameters it is the gradient of, only read
     * @param meanSquares m, changed in place; null if λ is constant
     */
    void apply(
            MemorySegment gradient,
            MemorySegment current,
            MemorySegment basedOn,
            @Nullable MemorySegment meanSquares,
            long elementCount) {
        for (long first = 0; first < elementCount; first += BLOCK) {
            int count = (int) Math.min(BLOCK, elementCount - first);
            long at = first * Float.BYTES;
            MemorySegment.copy(gradient, JAVA_FLOAT_UNALIGNED, at, g, 0, count);
            MemorySegment.copy(current, JAVA_FLOAT_UNALIGNED, at, w, 0, count);
            MemorySegment.copy(basedOn, JAVA_FLOAT_UNALIGNED, at, backup, 0, count);
            if (meanSquares == null) {
                constant(g, w, backup, lambda, count);
            } else {
                MemorySegment.copy(meanSquares, JAVA_FLOAT_UNALIGNED, at, meanSquare, 0, count);
                adaptive(g, w, backup, meanSquare, lambda, count);
                MemorySegment.copy(meanSquare, 0, meanSquares, JAVA_FLOAT_UNALIGNED, at, count);
            }
            MemorySegment.copy(g, 0, gradient, JAVA_FLOAT_UNALIGNED, at, count);
        }
    }

    private static void constant(float[] g, float[] w, float[] backup, float lambda, int count) {
        for (int i = 0; i < count; i++) {
            g[i] += lambda * g[i] * g[i] * (w[i] - backup[i]);
        }
    }

    private static void adaptive(float[] g, float[] w, float[] backup, float[] m, float lambda, int count) {
        for (int i = 0; i < count; i++) {
            float square = DECAY * m[i] + (1 - DECAY) * g[i] * g[i];
            m[i] = square;
            g[i] += lambda / (float) Math.sqrt(square + EPSILON) * g[i] * g[i] * (w[i] - backup[i]);
        }
    }
}
