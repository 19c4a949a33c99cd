package dev.tutti.tensor.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;

/**
 * The exact sum of the squares of f32 numbers, the same whatever their order and however they are cut into slices; and whether all of them are finite.
 *
 * <p>A square is the square of a 24-bit significand, an integer, times a power of two that the exponent gives. So the integers are added up by exponent, 256
 * sums of them, and put together at the end. Not thread-safe.
 */
public final class SquareSum {
    private static final int BLOCK = 1024;

    /** Integers below 2⁴⁸ that a sum takes before its upper half is put away. */
    private static final int MOST_ADDENDS = 1 << 14;

    private static final int NOT_FINITE = 255;

    private final int[] bits = new int[BLOCK];
    private final long[] lower = new long[256];
    private final long[] upper = new long[256];
    private int addends;

    /** Adds {@code elementCount} f32 in native order from the start of a segment on. */
    public void add(MemorySegment values, long elementCount) {
        for (long first = 0; first < elementCount; first += BLOCK) {
            int count = load(values, first, elementCount);
            add(bits, lower, count);
            addends += count;
            if (addends > MOST_ADDENDS - BLOCK) {
                putAway();
            }
        }
    }

    public boolean isFinite() {
        return lower[NOT_FINITE] == 0 && upper[NOT_FINITE] == 0;
    }

    /** In units of 2⁻²⁹⁸, the square of the least f32; 0 if a number was not finite. */
    public BigInteger value() {
        putAway();
        BigInteger sum = BigInteger.ZERO;
        for (int exponent = 0; isFinite() && exponent < NOT_FINITE; exponent++) {
            if (lower[exponent] != 0 || upper[exponent] != 0) {
                sum = sum.add(BigInteger.valueOf(upper[exponent])
                        .shiftLeft(Integer.SIZE)
                        .add(BigInteger.valueOf(lower[exponent]))
                        .shiftLeft(2 * (Math.max(1, exponent) - 1)));
            }
        }
        return sum;
    }

    private int load(MemorySegment values, long first, long elementCount) {
        int count = (int) Math.min(BLOCK, elementCount - first);
        MemorySegment.copy(values, JAVA_INT_UNALIGNED, first * Float.BYTES, bits, 0, count);
        return count;
    }

    private static void add(int[] bits, long[] sums, int count) {
        for (int i = 0; i < count; i++) {
            int exponent = (bits[i] >>> 23) & 0xff;
            long significand = (exponent == 0 ? 0L : 1L << 23) + (bits[i] & 0x7fffff);
            sums[exponent] += significand * significand;
        }
    }

    private void putAway() {
        for (int exponent = 0; exponent < lower.length; exponent++) {
            upper[exponent] += lower[exponent] >>> Integer.SIZE;
            lower[exponent] &= 0xffff_ffffL;
        }
        addends = 0;
    }
}
