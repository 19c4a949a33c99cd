package dev.tutti.parameterserver.policy;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.encoding.ChunkValues;

/**
 * When a gradient is applied. Used by one of the shard's tasks at a time; the chunk, its encoding and the payload's size have been checked, and
 * the payload stays the caller's.
 */
public sealed interface Consistency permits SynchronousUpdates, AsynchronousUpdates {
    /** The chunks it updates, with as many versions as it needs; the shard closes them. */
    ChunkMemory memory();

    /** A worker's stream has begun. */
    default Peer join() {
        return new Peer(memory().chunkCount());
    }

    /** Takes in the gradient of a push. */
    Verdict offer(Peer peer, FrameHeader header, ChunkValues gradient);

    /** Whether a worker is not to be sent anything now. It may end with whatever is taken in, and with whoever leaves. */
    default boolean holdsBack(Peer peer) {
        return false;
    }

    /** A worker has been sent a chunk as it is now. */
    default void sent(Peer peer, int chunk) {}

    /** The stream has ended. */
    default void left(Peer peer) {}

    /** Forgets what is not applied yet: a new generation computes it again. */
    void startGeneration();
}
