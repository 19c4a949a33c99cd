package dev.tutti.parameterserver.memory;

import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.TouchedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The parameters and the optimizer state of a shard's range: f32, off-heap, in one arena that {@link #close} frees. One thread at a
 * time uses it.
 *
 * <p>A chunk's version is the number of steps it has taken: updates, and steps that were skipped. With {@link History#PREVIOUS} there are two copies of the parameters: an
 * update reads one and writes the other, so that the version before stays readable at no cost but memory.
 *
 * <p>Of a chunk with rows an update changes those that its gradient touches ({@link TouchedRows}): the others keep their parameters and their state. The copy it
 * writes is one version behind until then, in just the rows that the last version changed.
 */
public final class ChunkMemory implements AutoCloseable {
    static final long ALIGNMENT_BYTES = 64;

    private final Arena arena = Arena.ofShared();
    private final ChunkGrid grid;
    private final ChunkUpdate update;
    private final List<MemorySegment> copies = new ArrayList<>();
    private final List<MemorySegment> state = new ArrayList<>();
    /** Of each chunk, its part of every slot of the state. */
    private final List<List<MemorySegment>> slots;

    private final GradientBuffers buffers;
    /** By chunk; null if it has no rows. */
    private final @Nullable RowVersions[] rows;

    private final PositiveZeros zeros = new PositiveZeros();
    private final long[] versions;
    private final long[] updates;
    private long completeVersion;
    private int chunksAhead;

    /** How many versions of a chunk can be read. */
    public enum History {
        CURRENT(1),
        PREVIOUS(2);

        private final int copies;

        History(int copies) {
            this.copies = copies;
        }
    }

    /** All parameters and all state are zero, all versions 0. */
    public ChunkMemory(ChunkUpdate update, History history) {
        this.grid = update.grid();
        this.update = update;
        this.versions = new long[grid.chunkCount()];
        this.updates = new long[grid.chunkCount()];
        this.buffers = new GradientBuffers(arena);
        this.rows =
                IntStream.range(0, versions.length).mapToObj(this::rowVersions).toArray(RowVersions[]::new);
        try {
            for (int i = 0; i < history.copies; i++) {
                copies.add(allocateRange());
            }
            for (int i = 0; i < update.stateNames().size(); i++) {
                state.add(allocateRange());
            }
            slots = IntStream.range(0, versions.length)
                    .mapToObj(chunk ->
                            state.stream().map(slot -> slice(slot, chunk)).toList())
                    .toList();
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    private @Nullable RowVersions rowVersions(int chunk) {
        int width = grid.rowWidth(chunk);
        return width == 0 ? null : new RowVersions(grid.elementCount(chunk) / width, width);
    }

    public ChunkGrid grid() {
        return grid;
    }

    public int chunkCount() {
        return versions.length;
    }

    /** Steps that a chunk has taken. */
    public long version(int chunk) {
        return versions[chunk];
    }

    /** Updates that a chunk has had: what its optimizer counts. */
    public long updates(int chunk) {
        return updates[chunk];
    }

    /** Which elements of a chunk are trained and which averaged. */
    public List<ChunkUpdate.Run> runs(int chunk) {
        return update.runs(chunk);
    }

    /** Rows that have changed after a version; of a chunk with rows. */
    public BitSet changedRows(int chunk, long version) {
        RowVersions its = rows[chunk];
        return its == null ? new BitSet() : its.since(version);
    }

    /** What the last version changed. */
    public List<ChunkUpdate.Run> changedRuns(int chunk) {
        RowVersions its = rows[chunk];
        return its == null
                ? List.of(new ChunkUpdate.Run(0, grid.elementCount(chunk), false))
                : its.runs(its.since(versions[chunk] - 1));
    }

    /** The lowest version over all chunks. */
    public long completeVersion() {
        return completeVersion;
    }

    /** Whether any chunk has a higher version than the lowest. */
    public boolean isAnyAhead() {
        return chunksAhead > 0;
    }

    /** The parameters of a chunk at its version. Changes with the second update from now, or the next without history. */
    public MemorySegment current(int chunk) {
        return slice(copies.get(copy(versions[chunk])), chunk);
    }

    /**
     * The parameters of a chunk one version ago.
     *
     * @throws IllegalStateException without history, or at version 0
     */
    public MemorySegment previous(int chunk) {
        if (copies.size() == 1 || versions[chunk] == 0) {
            throw new IllegalStateException("Chunk " + chunk + " at version " + versions[chunk] + " of " + copies.size()
                    + " kept has no previous one");
        }
        return slice(copies.get(copy(versions[chunk] - 1)), chunk);
    }

    /** A slot of optimizer state of a chunk. */
    public MemorySegment state(int slot, int chunk) {
        return slots.get(chunk).get(slot);
    }

    public List<String> stateNames() {
        return update.stateNames();
    }

    /** Scratch for sums of gradients, in this arena. */
    public GradientBuffers buffers() {
        return buffers;
    }

    /**
     * Applies a gradient; the version rises by one.
     *
     * @param gradient as long as the chunk; only read, but for −0 in rows, which becomes 0
     */
    public void update(int chunk, ScaledGradient gradient) {
        updates[chunk]++;
        RowVersions its = rows[chunk];
        if (its == null) {
            apply(update.runs(chunk), chunk, gradient);
        } else {
            BitSet touched = TouchedRows.of(gradient.values(), its.width());
            List<ChunkUpdate.Run> runs = its.runs(touched);
            runs.forEach(run -> zeros.apply(run.of(gradient.values())));
            catchUp(chunk);
            apply(runs, chunk, gradient);
            its.change(touched, versions[chunk] + 1);
        }
        stepTaken(chunk);
    }

    private void apply(List<ChunkUpdate.Run> runs, int chunk, ScaledGradient gradient) {
        update.apply(runs, current(chunk), next(chunk), gradient, slots.get(chunk), updates[chunk]);
    }

    /** Brings the copy that is a version behind to the current one. */
    private void catchUp(int chunk) {
        if (copies.size() > 1) {
            MemorySegment current = current(chunk);
            MemorySegment next = next(chunk);
            changedRuns(chunk).forEach(run -> run.of(next).copyFrom(run.of(current)));
        }
    }

    /** The version rises by one, all else stays. */
    public void skip(int chunk) {
        catchUp(chunk);
        stepTaken(chunk);
    }

    private MemorySegment next(int chunk) {
        return slice(copies.get(copy(versions[chunk] + 1)), chunk);
    }

    private void stepTaken(int chunk) {
        long next = versions[chunk] + 1;
        versions[chunk] = next;
        if (next == completeVersion + 1 && ++chunksAhead == versions.length) {
            completeVersion = next;
            chunksAhead = (int)
                    Arrays.stream(versions).filter(version -> version > next).count();
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    private int copy(long version) {
        return (int) (version % copies.size());
    }

    private MemorySegment slice(MemorySegment range, int chunk) {
        return range.asSlice(
                (grid.begin(chunk) - grid.begin()) * Float.BYTES, (long) grid.elementCount(chunk) * Float.BYTES);
    }

    private MemorySegment allocateRange() {
        return arena.allocate((grid.end() - grid.begin()) * Float.BYTES, ALIGNMENT_BYTES);
    }
}
