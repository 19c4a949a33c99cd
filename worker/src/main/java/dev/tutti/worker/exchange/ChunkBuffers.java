package dev.tutti.worker.exchange;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/** Memory for gradients of one chunk each, used again and again. Owned by the exchange, whose arena frees it; training thread only. */
final class ChunkBuffers {
    private final Arena arena;
    private final long byteSize;
    private final Deque<MemorySegment> free = new ArrayDeque<>();

    /** @param byteSize of the largest chunk */
    ChunkBuffers(Arena arena, long byteSize) {
        this.arena = arena;
        this.byteSize = byteSize;
    }

    /** Of each buffer. */
    long byteSize() {
        return byteSize;
    }

    /** At least the largest chunk's size; its contents are whatever was in it. */
    MemorySegment take() {
        MemorySegment buffer = free.poll();
        return buffer == null ? arena.allocate(byteSize, 64) : buffer;
    }

    /** @param buffer as {@link #take} gave it, whole */
    void give(MemorySegment buffer) {
        free.push(buffer);
    }
}
