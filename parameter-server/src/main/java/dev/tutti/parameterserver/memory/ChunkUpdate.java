package dev.tutti.parameterserver.memory;

import dev.tutti.proto.checkpoint.TensorPiece;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.tensor.optimizer.Averaging;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a gradient does to a chunk's parameters, element by element: the optimizer's step where they are trained, a step towards the gradient
 * where they are averaged, or where that has been done on the workers, the difference. Not thread-safe.
 */
public final class ChunkUpdate {
    private final ChunkGrid grid;
    private final SliceOptimizer optimizer;
    private final Averaged averaged;
    private final Averaging averaging = new Averaging();
    private final SliceOptimizer subtraction = new SliceOptimizer(new Sgd(1, 0), Regularization.NONE);
    private final List<List<Run>> runsOfChunk;

    /** What comes as the gradient of averaged parameters. */
    public enum Averaged {
        /** A statistic, which they move towards. */
        STATISTIC,
        /** How far they have moved already, start minus end. */
        DIFFERENCE
    }

    /** Elements of a chunk, from {@code begin} on, that are all trained or all averaged: as long as possible. */
    public record Run(long begin, long count, boolean averaged) {
        public MemorySegment of(MemorySegment chunk) {
            return isWhole(chunk) ? chunk : part(chunk);
        }

        /** Of several of a chunk's size. */
        List<MemorySegment> of(List<MemorySegment> chunks) {
            return chunks.isEmpty() || isWhole(chunks.getFirst())
                    ? chunks
                    : chunks.stream().map(this::part).toList();
        }

        private boolean isWhole(MemorySegment chunk) {
            return count * Float.BYTES == chunk.byteSize();
        }

        private MemorySegment part(MemorySegment chunk) {
            return chunk.asSlice(begin * Float.BYTES, count * Float.BYTES);
        }
    }

    /** @param tensors of the whole flat space */
    public ChunkUpdate(ChunkGrid grid, List<TensorPlacement> tensors, SliceOptimizer optimizer, Averaged averaged) {
        this.grid = grid;
        this.optimizer = optimizer;
        this.averaged = averaged;
        this.runsOfChunk = IntStream.range(0, grid.chunkCount())
                .mapToObj(chunk -> runs(grid, chunk, tensors))
                .toList();
    }

    private static List<Run> runs(ChunkGrid grid, int chunk, List<TensorPlacement> tensors) {
        List<Run> runs = new ArrayList<>();
        for (TensorPiece piece : TensorPiece.within(tensors, grid.begin(chunk), grid.end(chunk))) {
            boolean averaged = piece.tensor().getAveraged();
            if (!runs.isEmpty() && runs.getLast().averaged() == averaged) {
                Run last = runs.removeLast();
                runs.add(new Run(last.begin(), last.count() + piece.elementCount(), averaged));
            } else {
                runs.add(new Run(piece.offset() - grid.begin(chunk), piece.elementCount(), averaged));
            }
        }
        return List.copyOf(runs);
    }

    ChunkGrid grid() {
        return grid;
    }

    List<String> stateNames() {
        return optimizer.stateNames();
    }

    /** Back to back, from the chunk's first element to its last. */
    List<Run> runs(int chunk) {
        return runsOfChunk.get(chunk);
    }

    /**
     * Changes the elements of some runs of a chunk.
     *
     * @param current parameters, only read
     * @param next where the new ones go; may be {@code current} itself
     * @param gradient only read
     * @param update the 1-based count of updates of this chunk, this one included
     */
    void apply(
            List<Run> runs,
            MemorySegment current,
            MemorySegment next,
            ScaledGradient gradient,
            List<MemorySegment> state,
            long update) {
        for (Run run : runs) {
            if (run.averaged()) {
                average(run, current, next, gradient);
            } else {
                optimizer.apply(
                        run.of(current),
                        run.of(next),
                        run.of(gradient.values()),
                        (float) (gradient.factor() / gradient.lossScale()),
                        run.of(state),
                        run.count(),
                        update);
            }
        }
    }

    private void average(Run run, MemorySegment current, MemorySegment next, ScaledGradient gradient) {
        float scale = (float) (1 / gradient.lossScale());
        switch (averaged) {
            case STATISTIC ->
                averaging.apply(run.of(current), run.of(next), run.of(gradient.values()), scale, run.count());
            case DIFFERENCE ->
                subtraction.apply(
                        run.of(current), run.of(next), run.of(gradient.values()), scale, List.of(), run.count(), 1);
        }
    }
}
