package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Loops over channels that are runs of f32, a block at a time. Sums have a part for each place of a block, which vectorizes as a single sum does not;
 * the parts are added in f64.
 */
final class ChannelRuns {
    private static final int BLOCK = 2048;

    private final long length;
    private final float[] a;
    private final float[] b;
    private final float[] sums;
    private float factor;
    private float shift;
    private float mean;
    private float slope;

    /** @param length of a channel, in elements */
    ChannelRuns(long length) {
        this.length = length;
        int block = (int) Math.min(BLOCK, length);
        this.a = new float[block];
        this.b = new float[block];
        this.sums = new float[block];
    }

    long length() {
        return length;
    }

    double sum(MemorySegment x, int channel) {
        Arrays.fill(sums, 0);
        for (long begin = 0; begin < length; begin += BLOCK) {
            int count = load(x, channel, begin, a);
            VectorMath.add(sums, a, count);
        }
        return total();
    }

    /** Σ (x − mean)². */
    double squaredDistance(MemorySegment x, int channel, float mean) {
        Arrays.fill(sums, 0);
        for (long begin = 0; begin < length; begin += BLOCK) {
            int count = load(x, channel, begin, a);
            addSquares(sums, a, mean, count);
        }
        return total();
    }

    /** Σ gradient · (x − mean). */
    double product(MemorySegment gradient, MemorySegment x, int channel, float mean) {
        Arrays.fill(sums, 0);
        for (long begin = 0; begin < length; begin += BLOCK) {
            load(gradient, channel, begin, a);
            int count = load(x, channel, begin, b);
            addProducts(sums, a, b, mean, count);
        }
        return total();
    }

    /** y = (x − mean) · factor + shift. */
    void scale(MemorySegment x, int channel, float mean, float factor, float shift, MemorySegment y) {
        for (long begin = 0; begin < length; begin += BLOCK) {
            int count = load(x, channel, begin, a);
            scale(a, mean, factor, shift, count);
            store(a, y, channel, begin, count);
        }
    }

    /** What {@link #gradient} computes with from now on: factor · (gradient − shift − (x − mean) · slope). */
    void affine(float factor, float shift, float mean, float slope) {
        this.factor = factor;
        this.shift = shift;
        this.mean = mean;
        this.slope = slope;
    }

    void gradient(MemorySegment gradient, MemorySegment x, int channel, MemorySegment dx) {
        for (long begin = 0; begin < length; begin += BLOCK) {
            load(gradient, channel, begin, a);
            int count = load(x, channel, begin, b);
            gradient(a, b, factor, shift, mean, slope, count);
            store(a, dx, channel, begin, count);
        }
    }

    private int load(MemorySegment x, int channel, long begin, float[] block) {
        int count = (int) Math.min(BLOCK, length - begin);
        MemorySegment.copy(x, JAVA_FLOAT_UNALIGNED, (channel * length + begin) * Float.BYTES, block, 0, count);
        return count;
    }

    private void store(float[] block, MemorySegment y, int channel, long begin, int count) {
        MemorySegment.copy(block, 0, y, JAVA_FLOAT_UNALIGNED, (channel * length + begin) * Float.BYTES, count);
    }

    private double total() {
        double total = 0;
        for (float sum : sums) {
            total += sum;
        }
        return total;
    }

    private static void addSquares(float[] sums, float[] x, float mean, int count) {
        for (int i = 0; i < count; i++) {
            float distance = x[i] - mean;
            sums[i] += distance * distance;
        }
    }

    private static void addProducts(float[] sums, float[] gradient, float[] x, float mean, int count) {
        for (int i = 0; i < count; i++) {
            sums[i] += gradient[i] * (x[i] - mean);
        }
    }

    private static void scale(float[] x, float mean, float factor, float shift, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = (x[i] - mean) * factor + shift;
        }
    }

    private static void gradient(
            float[] gradient, float[] x, float factor, float shift, float mean, float slope, int count) {
        for (int i = 0; i < count; i++) {
            gradient[i] = factor * (gradient[i] - shift - (x[i] - mean) * slope);
        }
    }
}
