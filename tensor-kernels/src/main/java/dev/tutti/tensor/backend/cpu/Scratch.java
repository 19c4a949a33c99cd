package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory in which a kernel keeps what it needs while it runs. Kernels of a program run one after the other, so they share it: what one leaves
 * there the next overwrites. Blocks have sizes of powers of two, and a kernel takes one of just the size it needs.
 */
final class Scratch {
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
        long block = Long.highestOneBit(2 * Math.max(MemoryPlan.ALIGNMENT, byteSize) - 1);
        for (int i = 0; i < free.size(); i++) {
            if (free.get(i).byteSize() == block) {
                return slice(free.remove(i), byteSize);
            }
        }
        return slice(arena.allocate(block, MemoryPlan.ALIGNMENT), byteSize);
    }

    private MemorySegment slice(MemorySegment block, long byteSize) {
        taken.add(block);
        return block.asSlice(0, byteSize);
    }
}
