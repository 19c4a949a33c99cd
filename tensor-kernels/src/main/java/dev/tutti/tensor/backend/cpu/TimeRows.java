package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A tensor [time, samples, columns] that a recurrent kernel reads or writes time by time: in place if it is f32, else by way of f32 rows for one
 * time, which stay in the second-level cache.
 */
final class TimeRows {
    private final SampleBlocks.Rows rows;
    /** By time; none if the tensor is f32. */
    private final Kernel[] conversions;
    /** What products read of the first time. */
    private final Strided matrix;
    /** From one time to the next. */
    private final long matrixBytes;

    private TimeRows(SampleBlocks.Rows rows, Kernel[] conversions, Strided matrix, long matrixBytes) {
        this.rows = rows;
        this.conversions = conversions;
        this.matrix = matrix;
        this.matrixBytes = matrixBytes;
    }

    /** Of one time, f32. */
    static MemorySegment beside(SampleBlocks blocks, Tensor tensor, Scratch scratch) {
        return scratch.take(ElementType.F32, tensor.elementCount() / blocks.time());
    }

    /** @param f32 where rows are before they are rounded */
    static TimeRows written(
            SampleBlocks blocks, Tensor to, MemorySegment memory, MatrixKernels matrices, MemorySegment f32) {
        return of(blocks, to, memory, matrices, f32, time -> matrices.convert(f32, ElementType.F32, time, to.type()));
    }

    /** @param f32 where rows are once they are widened */
    static TimeRows read(
            SampleBlocks blocks, Tensor from, MemorySegment memory, MatrixKernels matrices, MemorySegment f32) {
        return of(
                blocks, from, memory, matrices, f32, time -> matrices.convert(time, from.type(), f32, ElementType.F32));
    }

    private static TimeRows of(
            SampleBlocks blocks,
            Tensor tensor,
            MemorySegment memory,
            MatrixKernels matrices,
            MemorySegment beside,
            Function<MemorySegment, Kernel> conversion) {
        int columns = tensor.shape().size(2);
        ElementType type = tensor.type();
        long timeBytes = memory.byteSize() / blocks.time();
        boolean direct = type == ElementType.F32;
        MemorySegment f32 = direct ? memory : beside;
        Kernel[] conversions = IntStream.range(0, direct ? 0 : blocks.time())
                .mapToObj(t -> conversion.apply(memory.asSlice(t * timeBytes, timeBytes)))
                .toArray(Kernel[]::new);
        boolean isFactor = matrices.computed(type) == type;
        return new TimeRows(
                blocks.sequence(f32, columns),
                conversions,
                Strided.matrix(isFactor ? memory : f32, isFactor ? type : ElementType.F32, blocks.samples(), columns),
                isFactor ? timeBytes : 0);
    }

    /** The rows of all samples at the first time, as products read them. */
    Strided matrix() {
        return matrix;
    }

    /** Bytes from the {@link #matrix} of the first time to that of another, which must be the one that was converted last. */
    long matrixOffset(int t) {
        return t * matrixBytes;
    }

    void load(float[] units, SampleBlocks.Range range, int t, int part) {
        rows.load(units, range, conversions.length == 0 ? t : 0, part);
    }

    void store(float[] units, SampleBlocks.Range range, int t, int part) {
        rows.store(units, range, conversions.length == 0 ? t : 0, part);
    }

    /** Before all samples of a time are loaded, or after they have been stored. */
    void convert(int t) {
        if (conversions.length > 0) {
            conversions[t].run();
        }
    }
}
