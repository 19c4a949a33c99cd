package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;

/**
 * From one float type to another, a block at a time by way of arrays; from bf16 and to it on the bits. The JIT compiler has instructions for f16,
 * with which this is a hundred times as fast as oneDNN's copies, which have none.
 */
final class Conversions {
    private static final int BLOCK = 2048;

    private Conversions() {}

    /** @throws IllegalArgumentException if the types are not two different float types, one of them f32 */
    static Kernel of(MemorySegment from, ElementType fromType, MemorySegment to, ElementType toType) {
        return switch (fromType) {
            case F16 -> f16ToF32(from, to, toType);
            case BF16 -> bf16ToF32(from, to, toType);
            case F32 ->
                switch (toType) {
                    case F16 -> f32ToF16(from, to);
                    case BF16 -> f32ToBf16(from, to);
                    case F32, I32 -> throw unexpected(fromType, toType);
                };
            case I32 -> throw unexpected(fromType, toType);
        };
    }

    private static IllegalArgumentException unexpected(ElementType from, ElementType to) {
        return new IllegalArgumentException("no conversion from " + from + " to " + to);
    }

    private static Kernel f16ToF32(MemorySegment from, MemorySegment to, ElementType toType) {
        if (toType != ElementType.F32) {
            throw unexpected(ElementType.F16, toType);
        }
        Rows y = new Rows(to, BLOCK);
        short[] narrow = new short[BLOCK];
        float[] wide = new float[BLOCK];
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                int length = y.length(r);
                MemorySegment.copy(from, JAVA_SHORT_UNALIGNED, halfOffset(r), narrow, 0, length);
                widenF16(narrow, wide, length);
                y.store(wide, r);
            }
        };
    }

    private static Kernel bf16ToF32(MemorySegment from, MemorySegment to, ElementType toType) {
        if (toType != ElementType.F32) {
            throw unexpected(ElementType.BF16, toType);
        }
        Rows y = new Rows(to, BLOCK);
        short[] narrow = new short[BLOCK];
        int[] wide = new int[BLOCK];
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                int length = y.length(r);
                MemorySegment.copy(from, JAVA_SHORT_UNALIGNED, halfOffset(r), narrow, 0, length);
                widenBf16(narrow, wide, length);
                y.store(wide, r);
            }
        };
    }

    private static Kernel f32ToF16(MemorySegment from, MemorySegment to) {
        Rows x = new Rows(from, BLOCK);
        short[] narrow = new short[BLOCK];
        float[] wide = new float[BLOCK];
        return () -> {
            for (int r = 0; r < x.count(); r++) {
                int length = x.length(r);
                x.load(r, wide);
                narrowToF16(wide, narrow, length);
                MemorySegment.copy(narrow, 0, to, JAVA_SHORT_UNALIGNED, halfOffset(r), length);
            }
        };
    }

    private static Kernel f32ToBf16(MemorySegment from, MemorySegment to) {
        short[] narrow = new short[BLOCK];
        int[] wide = new int[BLOCK];
        long count = from.byteSize() / Float.BYTES;
        return () -> {
            for (long first = 0; first < count; first += BLOCK) {
                int length = (int) Math.min(BLOCK, count - first);
                MemorySegment.copy(from, JAVA_INT_UNALIGNED, first * Float.BYTES, wide, 0, length);
                roundToBf16(wide, length);
                narrow(wide, narrow, length);
                MemorySegment.copy(narrow, 0, to, JAVA_SHORT_UNALIGNED, first * Short.BYTES, length);
            }
        };
    }

    private static long halfOffset(int row) {
        return (long) row * BLOCK * Short.BYTES;
    }

    private static void widenF16(short[] x, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = Float.float16ToFloat(x[i]);
        }
    }

    private static void narrowToF16(float[] x, short[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = Float.floatToFloat16(x[i]);
        }
    }

    static void widenBf16(short[] x, int[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = x[i] << 16;
        }
    }

    /** The upper half of the bits, to nearest, ties to even; of a NaN the upper half with the quiet bit. */
    private static void roundToBf16(int[] x, int count) {
        for (int i = 0; i < count; i++) {
            int bits = x[i];
            int notANumber = (0x7f800000 - (bits & 0x7fffffff)) >> 31;
            int rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) & ~notANumber;
            x[i] = (rounded | ((bits | 0x00400000) & notANumber)) >>> 16;
        }
    }

    private static void narrow(int[] x, short[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = (short) x[i];
        }
    }
}
