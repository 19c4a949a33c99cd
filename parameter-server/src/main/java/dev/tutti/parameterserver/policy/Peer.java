package dev.tutti.parameterserver.policy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What a policy remembers of one worker's stream, for as long as there is the stream. Used by one of the shard's tasks at a time. */
public final class Peer {
    /** Bounded staleness: batches done, as far as this shard knows. */
    long clock;

    /** Of the batch whose gradients come in: what the clock will be once all of them are there. */
    long pushedClock;

    int pushedChunks;

    /** Delay compensation: of each chunk the parameters sent last, and their version. */
    private final @Nullable MemorySegment[] sent;

    private final long[] sentVersions;

    Peer(int chunkCount) {
        this.sent = new MemorySegment[chunkCount];
        this.sentVersions = new long[chunkCount];
        Arrays.fill(sentVersions, -1);
    }

    /** The batches this worker has done. */
    public long clock() {
        return clock;
    }

    /** The copy of a chunk, if it is of that version. */
    @Nullable
    MemorySegment sent(int chunk, long version) {
        return sentVersions[chunk] == version ? sent[chunk] : null;
    }

    /** Memory for the copy of a chunk, which the caller fills; none at first. */
    @Nullable
    MemorySegment copy(int chunk) {
        return sent[chunk];
    }

    /** @param copy stays the policy's, which takes it back with {@link #copy} */
    void keep(int chunk, long version, MemorySegment copy) {
        sent[chunk] = copy;
        sentVersions[chunk] = version;
    }

    int chunkCount() {
        return sent.length;
    }
}
