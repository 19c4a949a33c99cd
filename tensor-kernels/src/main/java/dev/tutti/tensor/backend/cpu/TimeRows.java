package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/** What a recurrent kernel writes, time by time: f32 to where it belongs, or, if it is to have another type, beside that, from where it is rounded. */
final class TimeRows {
    private final SampleBlocks.Rows rows;
    /** By time; none if nothing is rounded. */
    private final Kernel[] roundings;
    /** What products read of the first time. */
    private final Strided matrix;
    /** From one time to the next. */
    private final long matrixBytes;

    /** @param to [time, samples, columns] in {@code memory} */
    TimeRows(SampleBlocks blocks, Tensor to, MemorySegment memory, MatrixKernels matrices, Scratch scratch) {
        int columns = to.shape().size(2);
        ElementType type = to.type();
        long timeBytes = memory.byteSize() / blocks.time();
        boolean direct = type == ElementType.F32;
        MemorySegment f32 = direct ? memory : scratch.take(ElementType.F32, (long) blocks.samples() * columns);
        this.rows = blocks.sequence(f32, columns);
        this.roundings = IntStream.range(0, direct ? 0 : blocks.time())
                .mapToObj(t -> matrices.convert(f32, ElementType.F32, memory.asSlice(t * timeBytes, timeBytes), type))
                .toArray(Kernel[]::new);
        boolean isRead = matrices.computed(type) == type;
        this.matrix = Strided.matrix(isRead ? memory : f32, isRead ? type : ElementType.F32, blocks.samples(), columns);
        this.matrixBytes = isRead ? timeBytes : 0;
    }

    Strided matrix() {
        return matrix;
    }

    /** Bytes from the {@link #matrix} of the first time to that of another, which must be the one that was finished last. */
    long matrixOffset(int t) {
        return t * matrixBytes;
    }

    void store(float[] units, SampleBlocks.Range range, int t, int part) {
        rows.store(units, range, roundings.length == 0 ? t : 0, part);
    }

    /** All samples of a time have been stored. */
    void finish(int t) {
        if (roundings.length > 0) {
            roundings[t].run();
        }
    }
}
