package dev.tutti.tensor.random;

import java.util.Arrays;

/**
 * The numbers of {@link DropoutKey}, many at a time: one round of {@link CounterRandom}'s ten for all counters before the next, in 64-bit lanes, which
 * the JIT compiler vectorizes. Not thread-safe; allocates when it is made, and no more unless blocks grow.
 */
public final class DropoutBits {
    private static final long WORD = 0xffffffffL;

    private final long layer;
    private final long rowElements;
    private long seed;
    private long step;
    private long firstElement;
    private long[] c0 = {};
    private long[] c1 = {};
    private long[] c2 = {};
    private long[] c3 = {};
    private int[] words = {};

    /**
     * @param layer the dropout's
     * @param rowElements elements of a row
     */
    public DropoutBits(long layer, long rowElements) {
        this.layer = layer;
        this.rowElements = rowElements;
    }

    /** An element is kept if the upper 24 of its bits are at least this: its uniform number is then at least the rate. */
    public static int threshold(float rate) {
        return (int) Math.ceil(rate * 0x1p24);
    }

    /** @param key the words of {@link DropoutKey} */
    public void restart(int[] key) {
        seed = DropoutKey.join(key[0], key[1]) + layer;
        step = DropoutKey.join(key[2], key[3]);
        firstElement = DropoutKey.join(key[4], key[5]) * rowElements;
    }

    /**
     * The bits whose upper 24 are {@link DropoutKey#uniform} · 2²⁴.
     *
     * @param element the first one's, counted from the run's first row on
     */
    public void fill(long element, int[] bits) {
        long index = firstElement + element;
        int lead = (int) (index & 3);
        reserve(Math.ceilDiv(lead + bits.length, 4));
        start(index >>> 2);
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 0; round < CounterRandom.ROUNDS; round++) {
            round(c0, c1, c2, c3, k0 & WORD, k1 & WORD);
            k0 += CounterRandom.WEYL_0;
            k1 += CounterRandom.WEYL_1;
        }
        interleave(c0, c1, c2, c3, words);
        System.arraycopy(words, lead, bits, 0, bits.length);
    }

    private void reserve(int blocks) {
        if (c0.length < blocks) {
            int room = blocks + 1;
            c0 = new long[room];
            c1 = new long[room];
            c2 = new long[room];
            c3 = new long[room];
            words = new int[4 * room];
        }
    }

    private void start(long block) {
        for (int i = 0; i < c0.length; i++) {
            c0[i] = (block + i) & WORD;
            c1[i] = (block + i) >>> 32;
        }
        Arrays.fill(c2, step & WORD);
        Arrays.fill(c3, step >>> 32);
    }

    private static void round(long[] c0, long[] c1, long[] c2, long[] c3, long k0, long k1) {
        for (int i = 0; i < c0.length; i++) {
            long product0 = (CounterRandom.MULTIPLIER_0 & WORD) * (c0[i] & WORD);
            long product1 = (CounterRandom.MULTIPLIER_1 & WORD) * (c2[i] & WORD);
            c0[i] = (product1 >>> 32) ^ c1[i] ^ k0;
            c1[i] = product1 & WORD;
            c2[i] = (product0 >>> 32) ^ c3[i] ^ k1;
            c3[i] = product0 & WORD;
        }
    }

    private static void interleave(long[] c0, long[] c1, long[] c2, long[] c3, int[] words) {
        for (int i = 0; i < c0.length; i++) {
            words[4 * i] = (int) c0[i];
            words[4 * i + 1] = (int) c1[i];
            words[4 * i + 2] = (int) c2[i];
            words[4 * i + 3] = (int) c3[i];
        }
    }
}
