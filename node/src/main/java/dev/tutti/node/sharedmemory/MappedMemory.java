package dev.tutti.node.sharedmemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** A mapped file that stays mapped for as long as anybody uses it. Thread-safe. */
final class MappedMemory implements AutoCloseable {
    private final Arena arena;
    private final MemorySegment bytes;
    /** This object until it is closed, and whoever is between {@link #enter} and {@link #leave}. */
    private final AtomicInteger users = new AtomicInteger(1);

    private final AtomicBoolean closed = new AtomicBoolean();

    /** @param arena shared, closed by this object */
    MappedMemory(Arena arena, MemorySegment bytes) {
        this.arena = arena;
        this.bytes = bytes;
    }

    MemorySegment bytes() {
        return bytes;
    }

    /** That lives as long. */
    MemorySegment allocateTime() {
        return Futex.allocateTime(arena);
    }

    /** Returns whether it is mapped; {@link #leave} must follow then. */
    boolean enter() {
        return users.getAndUpdate(count -> count == 0 ? 0 : count + 1) > 0;
    }

    void leave() {
        if (users.decrementAndGet() == 0) {
            arena.close();
        }
    }

    /** Again does nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            leave();
        }
    }
}
