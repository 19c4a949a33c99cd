package dev.tutti.tensor.graph;

/** The upper half of an f32: eight exponent bits, seven of mantissa. */
public final class BFloat16 {
    private static final int QUIET_NAN_BIT = 0x0040;

    private BFloat16() {}

    /** Rounds to nearest, ties to even; a NaN stays one. */
    public static short fromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | QUIET_NAN_BIT);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** Exact. */
    public static float toFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
