package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Operations over time. */
record SequenceKernels(ProgramMemory memory, MatrixKernels matrices, Scratch scratch) {
    Kernel bind(SequenceOp op, List<Tensor> results) {
        Tensor y = results.getFirst();
        return switch (op) {
            case SequenceOp.Embedding embedding -> embedding(embedding, y);
            case SequenceOp.EmbeddingGradient embedding -> embeddingGradient(embedding, y);
            case SequenceOp.AddPositions positions -> addPositions(positions, y);
            case SequenceOp.PaddingMask mask -> paddingMask(mask, y);
            case SequenceOp.TimePool pool -> new TimePoolKernels(memory).forward(pool, y);
            case SequenceOp.TimePoolGradient pool -> new TimePoolKernels(memory).backward(pool, y);
            case SequenceOp.Delay delay -> delay(delay, y);
            case SequenceOp.Lstm lstm -> new LstmKernel(memory, matrices, scratch, lstm, results);
            case SequenceOp.DenseLstm lstm -> new LstmKernel(memory, matrices, scratch, lstm, results);
            case SequenceOp.LstmGradient lstm -> new LstmGradientKernel(memory, matrices, scratch, lstm, y);
            case SequenceOp.Attention attention -> new AttentionKernel(memory, matrices, scratch, attention, results);
            case SequenceOp.AttentionGradient attention ->
                new AttentionGradientKernel(memory, matrices, scratch, attention, y);
        };
    }

    private Kernel embedding(SequenceOp.Embedding op, Tensor result) {
        MemorySegment table = memory.of(op.table());
        MemorySegment ids = memory.of(op.ids());
        MemorySegment y = memory.of(result);
        int vocabulary = op.table().shape().size(0);
        long rowBytes = (long) op.table().shape().size(1) * Float.BYTES;
        long count = op.ids().elementCount();
        return () -> {
            for (long i = 0; i < count; i++) {
                MemorySegment.copy(table, id(ids, i, vocabulary) * rowBytes, y, i * rowBytes, rowBytes);
            }
        };
    }

    private Kernel embeddingGradient(SequenceOp.EmbeddingGradient op, Tensor result) {
        int width = result.shape().size(1);
        Rows gradient = new Rows(memory.of(op.gradient()), width);
        MemorySegment ids = memory.of(op.ids());
        Rows y = new Rows(memory.of(result), width);
        float[] sum = y.newRow();
        float[] addend = y.newRow();
        return () -> {
            y.memory().fill((byte) 0);
            for (int i = 0; i < gradient.count(); i++) {
                int id = id(ids, i, op.vocabulary());
                y.load(id, sum);
                gradient.load(i, addend);
                VectorMath.add(sum, addend, width);
                y.store(sum, id);
            }
        };
    }

    private static int id(MemorySegment ids, long index, int vocabulary) {
        int id = ids.get(JAVA_INT_UNALIGNED, index * Integer.BYTES);
        if (id < 0 || id >= vocabulary) {
            throw new IllegalArgumentException(
                    "the id at " + index + " is " + id + ", expected 0 to " + (vocabulary - 1));
        }
        return id;
    }

    private Kernel addPositions(SequenceOp.AddPositions op, Tensor result) {
        int time = result.shape().size(1);
        int width = result.shape().size(2);
        Rows x = new Rows(memory.of(op.x()), time * width);
        Rows y = new Rows(memory.of(result), time * width);
        float[] positions = y.newRow();
        for (int i = 0; i < positions.length; i++) {
            positions[i] = position(i / width, i % width, width);
        }
        float[] row = y.newRow();
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                x.load(r, row);
                VectorMath.add(row, positions, row.length);
                y.store(row, r);
            }
        };
    }

    /** Sines in even columns, cosines in odd ones. */
    private static float position(int time, int column, int width) {
        double angle = time / StrictMath.pow(10_000, (double) (column / 2 * 2) / width);
        return (float) (column % 2 == 0 ? StrictMath.sin(angle) : StrictMath.cos(angle));
    }

    private Kernel paddingMask(SequenceOp.PaddingMask op, Tensor result) {
        MemorySegment ids = memory.of(op.ids());
        MemorySegment y = memory.of(result);
        return () -> {
            for (long offset = 0; offset < y.byteSize(); offset += Integer.BYTES) {
                y.set(JAVA_INT_UNALIGNED, offset, ids.get(JAVA_INT_UNALIGNED, offset) == op.padding() ? 1 : 0);
            }
        };
    }

    private Kernel delay(SequenceOp.Delay op, Tensor result) {
        MemorySegment x = memory.of(op.x());
        MemorySegment y = memory.of(result);
        long timeBytes = y.byteSize() / result.shape().size(0);
        MemorySegment first = y.asSlice(0, timeBytes);
        return () -> {
            first.fill((byte) 0);
            MemorySegment.copy(x, 0, y, timeBytes, y.byteSize() - timeBytes);
        };
    }
}
