package dev.tutti.proto.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;

/**
 * Which rows of a gradient a step touches: those with an element that is not 0. A −0 is 0, a NaN is not.
 *
 * <p>So it can be told from the sum of a step's gradients alone, whoever summed them and whatever of them travelled.
 */
public final class TouchedRows {
    /** Takes rows [first, first + count). */
    @FunctionalInterface
    public interface Run {
        void of(int first, int count);
    }

    private TouchedRows() {}

    /**
     * Their numbers.
     *
     * @param rows f32 in native order, back to back
     * @param width elements of a row
     */
    public static BitSet of(MemorySegment rows, int width) {
        int count = Math.toIntExact(rows.byteSize() / Float.BYTES / width);
        BitSet touched = new BitSet(count);
        int[] bits = new int[width];
        for (int row = 0; row < count; row++) {
            long at = (long) row * width * Float.BYTES;
            MemorySegment.copy(rows, ValueLayout.JAVA_INT_UNALIGNED, at, bits, 0, width);
            if (isTouched(bits)) {
                touched.set(row);
            }
        }
        return touched;
    }

    private static boolean isTouched(int[] bits) {
        int any = 0;
        for (int each : bits) {
            any |= each;
        }
        // The sign of a zero is all that the highest bit can say.
        return (any & 0x7fffffff) != 0;
    }

    /** In ascending order, each as long as possible. */
    public static void forEachRun(BitSet rows, Run run) {
        for (int first = rows.nextSetBit(0); first >= 0; ) {
            int end = rows.nextClearBit(first);
            run.of(first, end - first);
            first = rows.nextSetBit(end);
        }
    }
}
