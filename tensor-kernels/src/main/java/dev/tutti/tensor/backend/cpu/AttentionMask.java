package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is added to a block's scores, the same for all heads: −∞ where a query does not see a key, else 0. */
final class AttentionMask {
    private final AttentionBlocks blocks;
    private final @Nullable MemorySegment ignored;
    private final MemorySegment memory;
    private final float[] row;

    AttentionMask(AttentionBlocks blocks, ProgramMemory memory, Optional<Tensor> ignored, Scratch scratch) {
        this.blocks = blocks;
        this.ignored = ignored.map(memory::of).orElse(null);
        this.memory = isNeeded()
                ? scratch.take(ElementType.F32, (long) blocks.queriesInBlock() * blocks.time())
                : MemorySegment.NULL;
        this.row = new float[blocks.queriesInBlock()];
    }

    private boolean isNeeded() {
        return blocks.causal() || ignored != null;
    }

    /** After a product of queries and keys. */
    List<ProductStep> steps(int keys, int queries) {
        ProductStep scale = new ProductStep.Scale(blocks.scale());
        return isNeeded()
                ? List.of(scale, new ProductStep.Add(Strided.matrix(memory, ElementType.F32, keys, queries)))
                : List.of(scale);
    }

    void load(int sample, int block) {
        if (!isNeeded()) {
            return;
        }
        int queries = blocks.queries(block);
        for (int s = 0; s < blocks.keys(block); s++) {
            int blind = isIgnored(sample, s) ? queries : blocks.causal() ? s - blocks.firstQuery(block) : 0;
            int first = Math.clamp(blind, 0, queries);
            Arrays.fill(row, 0, first, Float.NEGATIVE_INFINITY);
            Arrays.fill(row, first, queries, 0);
            MemorySegment.copy(row, 0, memory, JAVA_FLOAT_UNALIGNED, (long) s * queries * Float.BYTES, queries);
        }
    }

    private boolean isIgnored(int sample, int key) {
        long index = (long) sample * blocks.time() + key;
        return ignored != null && ignored.get(JAVA_INT_UNALIGNED, index * Integer.BYTES) != 0;
    }
}
