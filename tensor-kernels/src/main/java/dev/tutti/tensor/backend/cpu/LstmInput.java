package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.SequenceOp;
import java.lang.foreign.MemorySegment;

/**
 * What comes in to the gates of an LSTM, before what the time before adds.
 *
 * @param load to be run first in a run
 * @param write the one of a time to where the gates are summed
 */
record LstmInput(Kernel load, Write write) {
    @FunctionalInterface
    interface Write {
        void run(int t);
    }

    /** It has been computed for all times. */
    static LstmInput of(MemorySegment projected, MemorySegment sums) {
        long bytes = sums.byteSize();
        return new LstmInput(() -> {}, t -> MemorySegment.copy(projected, t * bytes, sums, 0, bytes));
    }

    /** x · inputWeightᵀ + bias: (samples, in) × (in, 4 · hidden). */
    static LstmInput of(
            ProgramMemory memory, MatrixKernels matrices, Scratch scratch, SequenceOp.DenseLstm op, Strided sums) {
        int inputs = op.x().shape().size(2);
        int samples = op.x().shape().size(1);
        MatrixKernels.Converted x = matrices.readable(memory.of(op.x()), op.x().type(), scratch);
        MatrixKernels.Converted weight =
                matrices.readable(memory.of(op.inputWeight()), op.inputWeight().type(), scratch);
        RepeatedProduct product = matrices.repeatedProduct(
                Strided.matrix(x.memory(), x.type(), samples, inputs),
                Strided.matrix(weight.memory(), weight.type(), sums.columns(), inputs)
                        .transposed(),
                sums,
                new Addend.Row(memory.of(op.bias())),
                scratch);
        long bytes = (long) samples * inputs * x.type().byteSize();
        Kernel load = () -> {
            x.load().run();
            weight.load().run();
            product.pack().run();
        };
        return new LstmInput(load, t -> product.product().run(t * bytes, 0, 0));
    }
}
