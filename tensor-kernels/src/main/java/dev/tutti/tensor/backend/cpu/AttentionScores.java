package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes of products of queries and keys the scores whose softmax attention takes: scaled, −∞ where a key is not seen. */
final class AttentionScores {
    private final int time;
    private final boolean causal;
    private final float scale;
    private final @Nullable MemorySegment ignored;
    /** Of the current sample: 0 or −∞. */
    private final float[] keyBias;

    private final float[] bias;

    AttentionScores(
            AttentionBlocks blocks, ProgramMemory memory, Optional<Tensor> ignored, boolean causal, RowBlock rows) {
        this.time = blocks.time();
        this.causal = causal;
        this.scale = (float) (1 / Math.sqrt(blocks.size()));
        this.ignored = ignored.map(memory::of).orElse(null);
        this.keyBias = new float[time];
        this.bias = rows.newElements();
    }

    float scale() {
        return scale;
    }

    void startSample(int sample) {
        if (ignored != null) {
            for (int s = 0; s < time; s++) {
                long index = (long) sample * time + s;
                boolean seen = ignored.get(JAVA_INT_UNALIGNED, index * Integer.BYTES) == 0;
                keyBias[s] = seen ? 0 : Float.NEGATIVE_INFINITY;
            }
        }
    }

    /**
     * Of some rows of a block, row after row.
     *
     * @param firstRow in the block, whose rows are those of its heads one after the other
     * @param firstQuery of the block
     * @param queries of each head in the block
     */
    void apply(float[] products, int rows, int firstRow, int firstQuery, int queries) {
        if (!causal && ignored == null) {
            VectorMath.scale(products, scale, rows * time);
            return;
        }
        for (int r = 0; r < rows; r++) {
            int start = r * time;
            System.arraycopy(keyBias, 0, bias, start, time);
            if (causal) {
                int query = firstQuery + (firstRow + r) % queries;
                Arrays.fill(bias, start + query + 1, start + time, Float.NEGATIVE_INFINITY);
            }
        }
        scaleAndAdd(products, scale, bias, rows * time);
    }

    private static void scaleAndAdd(float[] x, float factor, float[] addend, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = Math.fma(x[i], factor, addend[i]);
        }
    }
}
