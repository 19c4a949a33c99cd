package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Relu and max-pooling of 2×2 pixels for a pair of rows, (width, samples) each, and the way back. On the bits of f32: numbers that are not negative
 * are ordered as their bits are. Neither branches nor comparisons, since neither vectorizes: the sign of a difference is a mask.
 */
final class MaxPairs {
    static final int INFINITY = 0x7f800000;
    static final int MAGNITUDE = 0x7fffffff;
    /** The place if none is positive; the place of equals, all 0, is 0. */
    private static final int NOWHERE = 4;

    private final int samples;
    private final int pairs;
    private final int[] upper;
    private final int[] lower;
    /** All bits are set where the lower row's is larger. */
    private final int[] isLower;

    /** Every second pixel, and those between. */
    private final int[] left;

    private final int[] right;
    private final int[] leftIsLower;
    private final int[] rightIsLower;
    private final int[] gradients;
    private final int[] places;

    MaxPairs(int width, int samples) {
        this.samples = samples;
        this.pairs = width / 2;
        this.upper = new int[width * samples];
        this.lower = new int[upper.length];
        this.isLower = new int[upper.length];
        this.left = new int[pairs * samples];
        this.right = new int[left.length];
        this.leftIsLower = new int[left.length];
        this.rightIsLower = new int[left.length];
        this.gradients = new int[left.length];
        this.places = new int[left.length];
    }

    void load(MemorySegment upperRow, MemorySegment lowerRow, long byteOffset) {
        MemorySegment.copy(upperRow, JAVA_INT_UNALIGNED, byteOffset, upper, 0, upper.length);
        MemorySegment.copy(lowerRow, JAVA_INT_UNALIGNED, byteOffset, lower, 0, lower.length);
    }

    /** The largest, and where they are, of what was loaded. */
    void store(MemorySegment y, MemorySegment placesOfY, long row) {
        maxOfRelu(upper, lower, isLower);
        separate(upper, left, right);
        separate(isLower, leftIsLower, rightIsLower);
        max(left, right, leftIsLower, rightIsLower);
        long offset = row * left.length * Integer.BYTES;
        MemorySegment.copy(left, 0, y, JAVA_INT_UNALIGNED, offset, left.length);
        MemorySegment.copy(leftIsLower, 0, placesOfY, JAVA_INT_UNALIGNED, offset, left.length);
    }

    private void separate(int[] pixels, int[] left, int[] right) {
        for (int pair = 0; pair < pairs; pair++) {
            System.arraycopy(pixels, 2 * pair * samples, left, pair * samples, samples);
            System.arraycopy(pixels, (2 * pair + 1) * samples, right, pair * samples, samples);
        }
    }

    /** Reads a row of gradients and writes the pair of rows they go to. */
    void scatter(MemorySegment gradient, MemorySegment placesOfY, long row, MemorySegment to, long byteOffset) {
        long offset = row * gradients.length * Integer.BYTES;
        MemorySegment.copy(gradient, JAVA_INT_UNALIGNED, offset, gradients, 0, gradients.length);
        MemorySegment.copy(placesOfY, JAVA_INT_UNALIGNED, offset, places, 0, places.length);
        scatter(left, right, 0);
        interleave(left, right, upper);
        scatter(left, right, 2);
        interleave(left, right, lower);
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
    private static void maxOfRelu(int[] upper, int[] lower, int[] isLower) {
        for (int i = 0; i < upper.length; i++) {
            int a = upper[i];
            int b = lower[i];
            int magnitudeA = a & MAGNITUDE;
            int magnitudeB = b & MAGNITUDE;
            a = magnitudeA & (~(a >> 31) | ((INFINITY - magnitudeA) >> 31));
            b = magnitudeB & (~(b >> 31) | ((INFINITY - magnitudeB) >> 31));
            isLower[i] = (a - b) >> 31;
            upper[i] = Math.max(a, b);
        }
    }

    /** Of a pixel and the one right of it. Of equals the first counts: upper before lower, then left before right. Places replace {@code isLower}. */
    private static void max(int[] left, int[] right, int[] isLower, int[] rightIsLower) {
        for (int i = 0; i < left.length; i++) {
            int a = left[i];
            int b = right[i];
            int aLower = isLower[i];
            int bLower = rightIsLower[i];
            int isRight = (a - b + (aLower & ~bLower)) >> 31;
            int lowerOfLargest = aLower ^ ((aLower ^ bLower) & isRight);
            int largest = Math.max(a, b);
            int isZero = (largest - 1) >> 31;
            isLower[i] = ((lowerOfLargest & 2) - isRight) | (isZero & NOWHERE);
            left[i] = largest;
        }
    }
}
