package dev.tutti.tensor.random;

import dev.tutti.tensor.graph.ElementwiseOp;
import java.util.function.IntUnaryOperator;

/** The numbers of one dropout in one run; see {@link dev.tutti.tensor.graph.ElementwiseOp.Dropout}. */
public final class DropoutKey {
    /** i32 words of a key. */
    public static final int WORDS = ElementwiseOp.Dropout.KEY_WORDS;

    private final CounterRandom random;
    private final long step;
    private final long firstRow;

    /**
     * @param word of the key, 0 to 5
     * @param layer the dropout's
     */
    public DropoutKey(IntUnaryOperator word, long layer) {
        this.random = new CounterRandom(join(word, 0) + layer);
        this.step = join(word, 2);
        this.firstRow = join(word, 4);
    }

    /** The words of a key. */
    public static int[] words(long seed, long step, long firstRow) {
        return new int[] {
            (int) seed, (int) (seed >>> 32), (int) step, (int) (step >>> 32), (int) firstRow, (int) (firstRow >>> 32)
        };
    }

    /**
     * Uniform in [0, 1).
     *
     * @param element counted from the run's first row on
     * @param rowElements elements of a row
     */
    public float uniform(long element, long rowElements) {
        return random.uniform(step, firstRow * rowElements + element);
    }

    private static long join(IntUnaryOperator word, int low) {
        return join(word.applyAsInt(low), word.applyAsInt(low + 1));
    }

    /** Two words as one number. */
    static long join(int low, int high) {
        return Integer.toUnsignedLong(low) | (long) high << 32;
    }
}
