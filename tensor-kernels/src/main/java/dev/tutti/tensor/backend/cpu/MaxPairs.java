package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Relu and max-pooling of 2×2 pixels for a pair of rows, (width, samples) each, and the way back. On the bits of f32: numbers that are not negative
 * are ordered as their bits are. Neither branches nor comparisons, since neither vectorizes: the sign of a difference is a mask.
 */
final class MaxPairs {
    private static final int INFINITY = 0x7f800000;
    private static final int MAGNITUDE = 0x7fffffff;

    private final int samples;
    private final int pairs;
    private final int[] upper;
    private final int[] lower;
    /** All bits are set where the lower row's is larger. */
    private final int[] isLower;

    private final int[] rightIsLower;
    private final int[] gradients;
    private final int[] places;

    MaxPairs(int width, int samples) {
        this.samples = samples;
        this.pairs = width / 2;
        this.upper = new int[width * samples];
        this.lower = new int[upper.length];
        this.isLower = new int[upper.length];
        this.rightIsLower = new int[upper.length];
        this.gradients = new int[pairs * samples];
        this.places = new int[pairs * samples];
    }

    void load(MemorySegment upperRow, MemorySegment lowerRow, long byteOffset) {
        MemorySegment.copy(upperRow, JAVA_INT_UNALIGNED, byteOffset, upper, 0, upper.length);
        MemorySegment.copy(lowerRow, JAVA_INT_UNALIGNED, byteOffset, lower, 0, lower.length);
    }

    /** The largest, and where they are, of what was loaded. */
    void store(MemorySegment y, MemorySegment placesOfY, long row) {
        relu(upper);
        relu(lower);
        max(upper, lower, isLower);
        int last = upper.length - samples;
        System.arraycopy(upper, samples, lower, 0, last);
        System.arraycopy(isLower, samples, rightIsLower, 0, last);
        max(upper, lower, isLower, rightIsLower);
        store(upper, y, row);
        store(isLower, placesOfY, row);
    }

    /** Every second pixel. */
    private void store(int[] pixels, MemorySegment memory, long row) {
        for (int pair = 1; pair < pairs; pair++) {
            System.arraycopy(pixels, 2 * pair * samples, pixels, pair * samples, samples);
        }
        long offset = row * pairs * samples * Integer.BYTES;
        MemorySegment.copy(pixels, 0, memory, JAVA_INT_UNALIGNED, offset, pairs * samples);
    }

    /** Reads a row of gradients and writes the pair of rows they go to. */
    void scatter(MemorySegment gradient, MemorySegment placesOfY, long row, MemorySegment to, long byteOffset) {
        long offset = row * gradients.length * Integer.BYTES;
        MemorySegment.copy(gradient, JAVA_INT_UNALIGNED, offset, gradients, 0, gradients.length);
        MemorySegment.copy(placesOfY, JAVA_INT_UNALIGNED, offset, places, 0, places.length);
        scatter(isLower, rightIsLower, 0);
        interleave(isLower, rightIsLower, upper);
        scatter(isLower, rightIsLower, 2);
        interleave(isLower, rightIsLower, lower);
        MemorySegment.copy(upper, 0, to, JAVA_INT_UNALIGNED, byteOffset, upper.length);
        long rowBytes = (long) upper.length * Integer.BYTES;
        MemorySegment.copy(lower, 0, to, JAVA_INT_UNALIGNED, byteOffset + rowBytes, lower.length);
    }

    private void interleave(int[] left, int[] right, int[] pixels) {
        for (int pair = 0; pair < pairs; pair++) {
            System.arraycopy(left, pair * samples, pixels, 2 * pair * samples, samples);
            System.arraycopy(right, pair * samples, pixels, (2 * pair + 1) * samples, samples);
        }
        Arrays.fill(pixels, 2 * pairs * samples, pixels.length, 0);
    }

    private void scatter(int[] left, int[] right, int firstPlace) {
        int[] from = gradients;
        int[] place = places;
        for (int i = 0; i < from.length; i++) {
            int g = from[i];
            int distance = place[i] ^ firstPlace;
            left[i] = g & ((distance - 1) >> 31);
            right[i] = g & (((distance ^ 1) - 1) >> 31);
        }
    }

    /** What is negative becomes 0, a NaN a positive NaN, which is larger than infinity. */
    private static void relu(int[] x) {
        for (int i = 0; i < x.length; i++) {
            int bits = x[i];
            int magnitude = bits & MAGNITUDE;
            x[i] = magnitude & (~(bits >> 31) | ((INFINITY - magnitude) >> 31));
        }
    }

    private static void max(int[] upper, int[] lower, int[] isLower) {
        for (int i = 0; i < upper.length; i++) {
            int a = upper[i];
            int b = lower[i];
            isLower[i] = (a - b) >> 31;
            upper[i] = Math.max(a, b);
        }
    }

    /** Of a pixel and the one right of it. Of equals the first counts: upper before lower, then left before right. The place replaces {@code isLower}. */
    private static void max(int[] left, int[] right, int[] isLower, int[] rightIsLower) {
        for (int i = 0; i < left.length; i++) {
            int a = left[i];
            int b = right[i];
            int aLower = isLower[i];
            int bLower = rightIsLower[i];
            int isRight = ((a - b) >> 31) | (~((b - a) >> 31) & aLower & ~bLower);
            int largest = Math.max(a, b);
            int place = (((aLower & ~isRight) | (bLower & isRight)) & 2) | (isRight & 1);
            int isPositive = -largest >> 31;
            isLower[i] = (place & isPositive) | (4 & ~isPositive);
            left[i] = largest;
        }
    }
}
