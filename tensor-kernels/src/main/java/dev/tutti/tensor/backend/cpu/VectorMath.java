package dev.tutti.tensor.backend.cpu;

import java.lang.foreign.MemorySegment;

/**
 * Functions over arrays, in place, in sums and products only: the JIT compiler vectorizes them, and they have the same bits on every machine.
 * A NaN stays one. Each loop is short: long ones are not vectorized.
 */
final class VectorMath {
    private static final float TANH_LIMIT = 7.905311f;
    /** Beyond it the result is less than the smallest normal number, and becomes 0. */
    private static final float EXP_LOWEST = -88.03f;

    private static final float EXP_HIGHEST = 88;
    /** Added and taken away again, rounds to an integer. */
    private static final float ROUND = 12_582_912;

    private static final float LOG2_E = 1.442695f;
    private static final float LN_2_HIGH = 0.6933594f;
    private static final float LN_2_LOW = -0.00021219444f;

    private VectorMath() {}

    /** Arrays for {@link #apply}, as long as the longest array it is to be applied to. */
    static final class Exponential {
        private final float[] mantissas;
        private final int[] exponents;
        private final MemorySegment exponentBits;
        private final MemorySegment powers;
        private final float[] powerArray;

        Exponential(int length) {
            this.mantissas = new float[length];
            this.exponents = new int[length];
            this.powerArray = new float[length];
            this.exponentBits = MemorySegment.ofArray(exponents);
            this.powers = MemorySegment.ofArray(powerArray);
        }

        /**
         * x = exp(x) to 3e-7 of it; 0 below -88, and what 88 gives above it. x = n·ln 2 + r, exp(x) = 2ⁿ · exp(r): a polynomial for exp(r), n shifted to
         * where a float has its exponent.
         */
        void apply(float[] x, int count) {
            split(x, mantissas, exponents, count);
            join(x, count);
        }

        /** x = exp(x − shift). */
        void apply(float[] x, float[] shift, int count) {
            splitDifference(x, shift, mantissas, exponents, count);
            join(x, count);
        }

        private void join(float[] x, int count) {
            MemorySegment.copy(exponentBits, 0, powers, 0, (long) count * Float.BYTES);
            multiply(mantissas, powerArray, x, count);
        }

        private static void split(float[] x, float[] mantissa, int[] exponent, int count) {
            for (int i = 0; i < count; i++) {
                float a = Math.min(EXP_HIGHEST, Math.max(EXP_LOWEST, x[i]));
                float n = Math.fma(a, LOG2_E, ROUND) - ROUND;
                mantissa[i] = mantissa(a, n);
                exponent[i] = ((int) n + 127) << 23;
            }
        }

        private static void splitDifference(float[] x, float[] y, float[] mantissa, int[] exponent, int count) {
            for (int i = 0; i < count; i++) {
                float a = Math.min(EXP_HIGHEST, Math.max(EXP_LOWEST, x[i] - y[i]));
                float n = Math.fma(a, LOG2_E, ROUND) - ROUND;
                mantissa[i] = mantissa(a, n);
                exponent[i] = ((int) n + 127) << 23;
            }
        }

        /** exp(a − n · ln 2). */
        private static float mantissa(float a, float n) {
            float r = Math.fma(n, -LN_2_HIGH, a);
            r = Math.fma(n, -LN_2_LOW, r);
            float p = Math.fma(r, 1f / 720, 1f / 120);
            p = Math.fma(p, r, 1f / 24);
            p = Math.fma(p, r, 1f / 6);
            p = Math.fma(p, r, 0.5f);
            p = Math.fma(p, r, 1);
            return Math.fma(p, r, 1);
        }
    }

    static void multiply(float[] x, float[] y, float[] product, int count) {
        for (int i = 0; i < count; i++) {
            product[i] = x[i] * y[i];
        }
    }

    static void add(float[] sum, float[] addend, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += addend[i];
        }
    }

    /** maximum = max(maximum, x); a NaN stays one. */
    static void max(float[] maximum, float[] x, int count) {
        for (int i = 0; i < count; i++) {
            maximum[i] = Math.max(maximum[i], x[i]);
        }
    }

    static void subtract(float[] difference, float[] subtrahend, int count) {
        for (int i = 0; i < count; i++) {
            difference[i] -= subtrahend[i];
        }
    }

    /** x = x · factor + addend. */
    static void multiplyAdd(float[] x, float[] factor, float[] addend, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = Math.fma(x[i], factor[i], addend[i]);
        }
    }

    static void scale(float[] x, float factor, int count) {
        for (int i = 0; i < count; i++) {
            x[i] *= factor;
        }
    }

    static void tanh(float[] x, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = tanh(x[i]);
        }
    }

    /** σ(x) = (1 + tanh(x / 2)) / 2. */
    static void sigmoid(float[] x, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = Math.fma(0.5f, tanh(0.5f * x[i]), 0.5f);
        }
    }

    /** A quotient of polynomials of degree 13 and 6, to 3e-7; coefficients of Eigen's {@code ptanh}. */
    private static float tanh(float x) {
        float a = Math.min(TANH_LIMIT, Math.max(-TANH_LIMIT, x));
        float z = a * a;
        float p = Math.fma(z, -2.7607684e-16f, 2.000188e-13f);
        p = Math.fma(p, z, -8.604672e-11f);
        p = Math.fma(p, z, 5.1222973e-8f);
        p = Math.fma(p, z, 1.48572235e-5f);
        p = Math.fma(p, z, 0.00063726195f);
        p = Math.fma(p, z, 0.0048935246f);
        float q = Math.fma(z, 1.1982584e-6f, 0.00011853471f);
        q = Math.fma(q, z, 0.0022684347f);
        q = Math.fma(q, z, 0.004893525f);
        return a * p / q;
    }

    /** Σ x[i], eight sums at a time: one would wait for itself. */
    static float sum(float[] x, int from, int to) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        float s4 = 0;
        float s5 = 0;
        float s6 = 0;
        float s7 = 0;
        int i = from;
        for (; i < to - 7; i += 8) {
            s0 += x[i];
            s1 += x[i + 1];
            s2 += x[i + 2];
            s3 += x[i + 3];
            s4 += x[i + 4];
            s5 += x[i + 5];
            s6 += x[i + 6];
            s7 += x[i + 7];
        }
        for (; i < to; i++) {
            s0 += x[i];
        }
        return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    }

    /** −∞ of nothing; NaNs are passed over. Comparisons, since {@code Math.max} costs twice as much for its care of zeros and NaNs. */
    static float max(float[] x, int from, int to) {
        float m0 = Float.NEGATIVE_INFINITY;
        float m1 = m0;
        float m2 = m0;
        float m3 = m0;
        int i = from;
        for (; i < to - 3; i += 4) {
            m0 = x[i] > m0 ? x[i] : m0;
            m1 = x[i + 1] > m1 ? x[i + 1] : m1;
            m2 = x[i + 2] > m2 ? x[i + 2] : m2;
            m3 = x[i + 3] > m3 ? x[i + 3] : m3;
        }
        for (; i < to; i++) {
            m0 = x[i] > m0 ? x[i] : m0;
        }
        return Math.max(Math.max(m0, m1), Math.max(m2, m3));
    }
}
