package dev.tutti.parameterserver.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Memory for partial sums of chunks, used again and again: after a few steps nothing is allocated any more. The arena is the
 * caller's. Not thread-safe.
 */
public final class GradientBuffers {
    private final Arena arena;
    /** By size in bytes, of which chunks have few: the last of a range or of a tensor of rows may be shorter. */
    private final Map<Long, Deque<MemorySegment>> free = new HashMap<>();

    GradientBuffers(Arena arena) {
        this.arena = arena;
    }

    /** The taker owns it until {@link #give}. Its content is whatever was in it. */
    public MemorySegment take(long byteSize) {
        Deque<MemorySegment> buffers = free.get(byteSize);
        return buffers == null || buffers.isEmpty()
                ? arena.allocate(byteSize, ChunkMemory.ALIGNMENT_BYTES)
                : buffers.pop();
    }

    /** Takes back what {@link #take} gave out. */
    public void give(MemorySegment buffer) {
        free.computeIfAbsent(buffer.byteSize(), _ -> new ArrayDeque<>()).push(buffer);
    }
}
