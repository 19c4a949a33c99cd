package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.random.DropoutBits;
import java.lang.foreign.MemorySegment;

/** Dropout, a block at a time. */
final class DropoutKernels {
    private final ProgramMemory memory;

    DropoutKernels(ProgramMemory memory) {
        this.memory = memory;
    }

    Kernel bind(ElementwiseOp.Dropout op, Tensor result) {
        Rows x = Rows.flat(memory.of(op.x()));
        Rows y = Rows.flat(memory.of(result));
        MemorySegment key = memory.of(op.key());
        int[] words = new int[(int) op.key().elementCount()];
        long rowElements = op.x().elementCount() / op.x().shape().size(0);
        DropoutBits random = new DropoutBits(op.layer(), rowElements);
        float[] scaled = y.newRow();
        int[] kept = new int[y.columns()];
        int[] bits = new int[y.columns()];
        float factor = (float) (1 / (1 - (double) op.rate()));
        int threshold = DropoutBits.threshold(op.rate());
        return () -> {
            MemorySegment.copy(key, JAVA_INT_UNALIGNED, 0, words, 0, words.length);
            random.restart(words);
            for (int r = 0; r < y.count(); r++) {
                random.fill((long) r * y.columns(), bits);
                x.load(r, scaled);
                VectorMath.scale(scaled, factor, scaled.length);
                y.store(scaled, r);
                y.load(r, kept);
                drop(kept, bits, threshold);
                y.store(kept, r);
            }
        };
    }

    /** Clears what is below the threshold; both are less than 2²⁴. */
    private static void drop(int[] x, int[] bits, int threshold) {
        for (int i = 0; i < x.length; i++) {
            x[i] &= ~(((bits[i] >>> 8) - threshold) >> 31);
        }
    }
}
