package dev.tutti.parameterserver.policy;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.Payload;

/**
 * When a gradient is applied. Used by the shard's thread only; the chunk, its encoding and the payload's size have been checked, and
 * the payload stays the caller's.
 */
public sealed interface Consistency permits SynchronousUpdates, AsynchronousUpdates {
    /** The chunks it updates, with as many versions as it needs; the shard closes them. */
    ChunkMemory memory();

    /** Takes in the gradient of a push. */
    Verdict offer(FrameHeader header, Payload gradient);

    /** Forgets what is not applied yet: a new generation computes it again. */
    void startGeneration();
}
