package dev.tutti.tensor.random;

/**
 * Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a number is a pure function of (seed, stream,
 * index), so nobody needs to agree on an order of drawing. A block of four numbers shares one counter: low half index / 4, high half stream.
 *
 * @param seed the key
 */
public record CounterRandom(long seed) {
    static final int MULTIPLIER_0 = 0xD2511F53;
    static final int MULTIPLIER_1 = 0xCD9E8D57;
    static final int WEYL_0 = 0x9E3779B9;
    static final int WEYL_1 = 0xBB67AE85;
    static final int ROUNDS = 10;
    private static final float ULP_BELOW_ONE = 0x1p-24f;

    /** 32 uniform bits. */
    public int bits(long stream, long index) {
        long half = (index & 2) == 0 ? block(index >>> 2, stream, 0) : block(index >>> 2, stream, 1);
        return (int) ((index & 1) == 0 ? half : half >>> 32);
    }

    /** Uniform in [0, 1), a multiple of 2⁻²⁴. */
    public float uniform(long stream, long index) {
        return (bits(stream, index) >>> 8) * ULP_BELOW_ONE;
    }

    /** Normally distributed, by Box and Muller from the 64 bits of the index; the same bits on every machine. */
    public float normal(long stream, long index) {
        long bits = longBits(stream, index);
        double radius = StrictMath.sqrt(-2 * StrictMath.log(((bits >>> 32) + 1) * 0x1p-32));
        return (float) (radius * StrictMath.cos(2 * StrictMath.PI * ((bits & 0xffffffffL) * 0x1p-32)));
    }

    /** 64 uniform bits, from the numbers 2·index and 2·index + 1 of the stream. */
    public long longBits(long stream, long index) {
        return block(index >>> 1, stream, (int) (index & 1));
    }

    /**
     * A stream's number from a name (FNV-1a, 64 bits, over UTF-16 units).
     */
    public static long stream(String name) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
        }
        return hash;
    }

    /**
     * Ten rounds.
     *
     * @param half which two words of the block: 0 for the first and second, 1 for the third and fourth; the first of them in the low bits
     */
    long block(long counterLow, long counterHigh, int half) {
        int c0 = (int) counterLow;
        int c1 = (int) (counterLow >>> 32);
        int c2 = (int) counterHigh;
        int c3 = (int) (counterHigh >>> 32);
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = Integer.toUnsignedLong(MULTIPLIER_0) * Integer.toUnsignedLong(c0);
            long product1 = Integer.toUnsignedLong(MULTIPLIER_1) * Integer.toUnsignedLong(c2);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c1 = (int) product1;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return half == 0 ? pair(c0, c1) : pair(c2, c3);
    }

    private static long pair(int low, int high) {
        return Integer.toUnsignedLong(low) | (long) high << 32;
    }
}
