package dev.tutti.worker.data;

/**
 * A permutation of [0, size) that is computed, not stored: a Feistel network over the next even power of two, walked along
 * its cycle until it comes back into the range (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
 *
 * <p>Every element is a pure function of (key, size, index). About four rounds of the walk at worst on average, no memory.
 */
final class Permutation {
    private static final int ROUNDS = 8;

    private final long size;
    private final int halfBits;
    private final long halfMask;
    private final long[] roundKeys = new long[ROUNDS];

    /** @param size at least 1 */
    Permutation(long key, long size) {
        if (size < 1) {
            throw new IllegalArgumentException("expected a size of at least 1, got " + size);
        }
        this.size = size;
        int bits = Long.SIZE - Long.numberOfLeadingZeros(size - 1);
        this.halfBits = Math.max(1, (bits + 1) / 2);
        this.halfMask = (1L << halfBits) - 1;
        for (int round = 0; round < ROUNDS; round++) {
            roundKeys[round] = mix(key + (round + 1) * 0x9e3779b97f4a7c15L);
        }
    }

    long at(long index) {
        long value = index;
        do {
            value = encrypt(value);
        } while (value >= size);
        return value;
    }

    private long encrypt(long value) {
        long left = value >>> halfBits;
        long right = value & halfMask;
        for (long roundKey : roundKeys) {
            long next = left ^ (mix(right + roundKey) & halfMask);
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014, with Stafford's constants): a bijection with good avalanche. */
    static long mix(long z) {
        long a = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        long b = (a ^ a >>> 27) * 0x94d049bb133111ebL;
        return b ^ b >>> 31;
    }
}
