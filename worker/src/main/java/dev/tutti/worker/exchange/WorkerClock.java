package dev.tutti.worker.exchange;

import java.util.Arrays;
import java.util.BitSet;

/** Of leases: the batches this worker has done, or is taken to have, and what shards say about it. Training thread only. */
final class WorkerClock {
    private static final long NOTHING = -1;

    private final long[] said;
    private final BitSet asked = new BitSet();
    private long batches;

    WorkerClock(int shards) {
        this.said = new long[shards];
    }

    long batches() {
        return batches;
    }

    /** The worker has pushed the gradient of a batch. */
    void reach(long done) {
        batches = done;
    }

    /** A lease begins: other workers may be anywhere. */
    void forgetShards() {
        Arrays.fill(said, NOTHING);
    }

    /** Whether all shards take this worker to have done as much. */
    boolean isAgreed() {
        return Arrays.stream(said).allMatch(done -> done == batches);
    }

    /** Those who say less are asked; they answer once this worker is not too far ahead for them. */
    BitSet ask() {
        for (int shard = 0; shard < said.length; shard++) {
            asked.set(shard, said[shard] < batches);
        }
        return asked;
    }

    boolean waitsFor(int shard) {
        return asked.get(shard);
    }

    void hear(int shard, long done) {
        asked.clear(shard);
        said[shard] = done;
        batches = Math.max(batches, done);
    }
}
