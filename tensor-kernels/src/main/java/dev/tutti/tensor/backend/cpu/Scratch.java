package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory in which a kernel keeps what it needs while it runs. Kernels of a program run one after the other, so they share it: what one leaves
 * there the next overwrites. Blocks have sizes of powers of two, so that all of them together are at most twice the largest kernel's.
 */
final class Scratch {
    private static final long ALIGNMENT = 64;

    private final Arena arena;
    private final List<MemorySegment> taken = new ArrayList<>();
    private final List<MemorySegment> free = new ArrayList<>();

    Scratch(Arena arena) {
        this.arena = arena;
    }

    /** What is taken from now on is for another kernel. */
    Scratch forNextKernel() {
        free.addAll(taken);
        taken.clear();
        return this;
    }

    MemorySegment take(ElementType type, long elements) {
        return take(elements * type.byteSize());
    }

    MemorySegment take(long byteSize) {
        long block = Long.highestOneBit(2 * Math.max(ALIGNMENT, byteSize) - 1);
        for (int i = 0; i < free.size(); i++) {
            if (free.get(i).byteSize() == block) {
                return slice(free.remove(i), byteSize);
            }
        }
        return slice(arena.allocate(block, ALIGNMENT), byteSize);
    }

    private MemorySegment slice(MemorySegment block, long byteSize) {
        taken.add(block);
        return block.asSlice(0, byteSize);
    }
}
