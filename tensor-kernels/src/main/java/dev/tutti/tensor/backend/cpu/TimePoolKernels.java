package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** One row for the times of a sample that are not ignored, and back. */
record TimePoolKernels(ProgramMemory memory) {
    Kernel forward(SequenceOp.TimePool op, Tensor result) {
        int width = result.shape().size(1);
        Rows x = new Rows(memory.of(op.x()), width);
        Rows y = new Rows(memory.of(result), width);
        Kept kept = new Kept(memory.of(op.ignored()), op.x().shape().size(1), op.pooling());
        float[] sum = y.newRow();
        float[] addend = y.newRow();
        return () -> {
            for (int sample = 0; sample < y.count(); sample++) {
                int count = kept.find(sample);
                Arrays.fill(sum, 0);
                for (int i = 0; i < count; i++) {
                    x.load(kept.row(sample, i), addend);
                    VectorMath.add(sum, addend, width);
                }
                VectorMath.scale(sum, 1f / Math.max(1, count), width);
                y.store(sum, sample);
            }
        };
    }

    Kernel backward(SequenceOp.TimePoolGradient op, Tensor result) {
        int width = result.shape().size(2);
        Rows gradient = new Rows(memory.of(op.gradient()), width);
        Rows y = new Rows(memory.of(result), width);
        Kept kept = new Kept(memory.of(op.ignored()), result.shape().size(1), op.pooling());
        float[] row = y.newRow();
        return () -> {
            y.memory().fill((byte) 0);
            for (int sample = 0; sample < gradient.count(); sample++) {
                int count = kept.find(sample);
                gradient.load(sample, row);
                VectorMath.scale(row, 1f / Math.max(1, count), width);
                for (int i = 0; i < count; i++) {
                    y.store(row, kept.row(sample, i));
                }
            }
        };
    }

    /** The times of the sample looked at last that count: all that are not ignored, or of those the last. */
    private static final class Kept {
        private final MemorySegment ignored;
        private final SequenceOp.Pooling pooling;
        private final int[] times;

        Kept(MemorySegment ignored, int time, SequenceOp.Pooling pooling) {
            this.ignored = ignored;
            this.pooling = pooling;
            this.times = new int[time];
        }

        /** How many there are. */
        int find(int sample) {
            int count = 0;
            for (int t = 0; t < times.length; t++) {
                if (ignored.get(JAVA_INT_UNALIGNED, ((long) sample * times.length + t) * Integer.BYTES) == 0) {
                    times[pooling == SequenceOp.Pooling.LAST ? 0 : count] = t;
                    count++;
                }
            }
            return pooling == SequenceOp.Pooling.LAST ? Math.min(1, count) : count;
        }

        /** Of [samples · time, width]. */
        int row(int sample, int index) {
            return sample * times.length + times[index];
        }
    }
}
