package dev.tutti.worker.data;

/**
 * Which sample stands where in an epoch: a pure function of (seed, epoch, index), so that any worker can compute any part of any batch, and a
 * restarted one reads the same.
 *
 * <p>Thread-safe: the permutation of the epoch asked for last is kept, replaced whole when another is asked for.
 */
public final class SampleOrder {
    private final long seed;
    private final DataSplit split;
    private volatile Epoch current;

    public SampleOrder(long seed, DataSplit split) {
        this.seed = seed;
        this.split = split;
        this.current = epoch(0);
    }

    /**
     * @param epoch 0-based
     * @param index position in the epoch, in [0, {@link DataSplit#trainCount()})
     * @return index into the source's training samples
     */
    public int sampleAt(long epoch, long index) {
        if (index < 0 || index >= split.trainCount()) {
            throw new IndexOutOfBoundsException(
                    "index " + index + " of an epoch of " + split.trainCount() + " samples");
        }
        Epoch order = current;
        if (order.number != epoch) {
            order = epoch(epoch);
            current = order;
        }
        return split.trainSample(order.permutation.at(index));
    }

    private Epoch epoch(long number) {
        long key = Permutation.mix(seed ^ Permutation.mix(number + 1));
        return new Epoch(number, new Permutation(key, split.trainCount()));
    }

    private record Epoch(long number, Permutation permutation) {}
}
