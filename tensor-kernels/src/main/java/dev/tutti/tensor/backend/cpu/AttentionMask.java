package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What bounds a block's scores, the same for all heads: −∞ where a query does not see a key, else +∞. Where padding is ignored, each sample has
 * its own, in one place for all blocks; else each block has one, filled once.
 */
final class AttentionMask {
    private final AttentionBlocks blocks;
    private final @Nullable MemorySegment ignored;
    private final float[] row;
    /** By block; none where every query sees all keys. */
    private final List<Strided> masks;

    AttentionMask(AttentionBlocks blocks, ProgramMemory memory, Optional<Tensor> ignored, Scratch scratch) {
        this.blocks = blocks;
        this.ignored = ignored.map(memory::of).orElse(null);
        this.row = new float[blocks.queriesInBlock()];
        if (ignored.isPresent()) {
            MemorySegment shared = scratch.take(ElementType.F32, (long) blocks.queriesInBlock() * blocks.time());
            this.masks = masks(_ -> shared);
        } else if (blocks.causal()) {
            this.masks = masks(block -> memory.arena()
                    .allocate((long) blocks.keys(block) * blocks.queries(block) * Float.BYTES, MemoryPlan.ALIGNMENT));
            IntStream.range(0, blocks.count()).forEach(block -> fill(0, block));
        } else {
            this.masks = List.of();
        }
    }

    private List<Strided> masks(IntFunction<MemorySegment> memory) {
        return IntStream.range(0, blocks.count())
                .mapToObj(block ->
                        Strided.matrix(memory.apply(block), ElementType.F32, blocks.keys(block), blocks.queries(block)))
                .toList();
    }

    /** Of a block. Blocks of one size share it where all have the same, or none. */
    Optional<Strided> of(int block) {
        return masks.isEmpty() ? Optional.empty() : Optional.of(masks.get(block));
    }

    /** What follows a product of queries and keys. */
    List<ProductStep> steps(Optional<Strided> mask) {
        ProductStep scale = new ProductStep.Scale(blocks.scale());
        return mask.<List<ProductStep>>map(matrix -> List.of(scale, new ProductStep.Mask(matrix)))
                .orElse(List.of(scale));
    }

    void load(int sample, int block) {
        if (ignored != null) {
            fill(sample, block);
        }
    }

    private void fill(int sample, int block) {
        MemorySegment mask = masks.get(block).memory();
        int queries = blocks.queries(block);
        for (int s = 0; s < blocks.keys(block); s++) {
            int blind = isIgnored(sample, s) ? queries : blocks.causal() ? s - blocks.firstQuery(block) : 0;
            int first = Math.clamp(blind, 0, queries);
            Arrays.fill(row, 0, first, Float.NEGATIVE_INFINITY);
            Arrays.fill(row, first, queries, Float.POSITIVE_INFINITY);
            MemorySegment.copy(row, 0, mask, JAVA_FLOAT_UNALIGNED, (long) s * queries * Float.BYTES, queries);
        }
    }

    private boolean isIgnored(int sample, int key) {
        long index = (long) sample * blocks.time() + key;
        return ignored != null && ignored.get(JAVA_INT_UNALIGNED, index * Integer.BYTES) != 0;
    }
}
