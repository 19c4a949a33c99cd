package dev.tutti.tensor.backend.cuda;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * Device memory for what lives only while one instruction's launches run. Those of a program run one after the other, so all its instructions
 * share these blocks: each takes what it needs, and the next may take the same.
 */
final class Scratch {
    private final LongUnaryOperator allocate;
    private final List<Block> free = new ArrayList<>();
    private final List<Block> taken = new ArrayList<>();

    private record Block(long address, long byteSize) {}

    /** @param allocate gives so many bytes, which it goes on to own */
    Scratch(LongUnaryOperator allocate) {
        this.allocate = allocate;
    }

    /** For the current instruction alone: the smallest free block that is large enough, or a new one. */
    long take(long bytes) {
        Block block = free.stream()
                .filter(other -> other.byteSize >= bytes)
                .min(Comparator.comparingLong(Block::byteSize))
                .orElseGet(() -> new Block(allocate.applyAsLong(bytes), bytes));
        free.remove(block);
        taken.add(block);
        return block.address;
    }

    /** Another instruction begins. */
    void next() {
        free.addAll(taken);
        taken.clear();
    }
}
