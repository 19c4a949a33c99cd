package dev.tutti.tensor.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Whether numbers are NaN or infinite: a scan that the JIT compiler vectorizes, so that it costs about as much as reading them. Not thread-safe:
 * they pass through a block it keeps.
 */
public final class Finiteness {
    private static final int BLOCK = 1024;
    private static final int EXPONENT = 0x7f80_0000;

    private final int[] bits = new int[BLOCK];

    /** @param values {@code elementCount} f32 in native order from its start on */
    public boolean isFinite(MemorySegment values, long elementCount) {
        for (long first = 0; first < elementCount; first += BLOCK) {
            int count = (int) Math.min(BLOCK, elementCount - first);
            MemorySegment.copy(values, JAVA_INT_UNALIGNED, first * Float.BYTES, bits, 0, count);
            if (!isFinite(bits, count)) {
                return false;
            }
        }
        return true;
    }

    /** An exponent of ones only: adding one to it carries into the sign's place, whose bits are gathered without a branch. */
    private static boolean isFinite(int[] bits, int count) {
        int carried = 0;
        for (int i = 0; i < count; i++) {
            carried |= (bits[i] & EXPONENT) + (1 << 23);
        }
        return carried >= 0;
    }
}
