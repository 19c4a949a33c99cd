package dev.tutti.parameterserver.memory;

import dev.tutti.proto.wire.TouchedRows;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** The version in which each row of a chunk changed last, 8 bytes a row. At version 0 all did: they were drawn. */
final class RowVersions {
    private final int width;
    private final long[] changed;

    /** @param width elements of a row */
    RowVersions(int rows, int width) {
        this.width = width;
        this.changed = new long[rows];
    }

    int width() {
        return width;
    }

    /** Rows that have changed after a version. */
    BitSet since(long version) {
        BitSet rows = new BitSet(changed.length);
        for (int row = 0; row < changed.length; row++) {
            rows.set(row, changed[row] > version);
        }
        return rows;
    }

    void change(BitSet rows, long version) {
        rows.stream().forEach(row -> changed[row] = version);
    }

    /** Their elements: as few runs as possible. */
    List<ChunkUpdate.Run> runs(BitSet rows) {
        List<ChunkUpdate.Run> runs = new ArrayList<>();
        TouchedRows.forEachRun(
                rows,
                (first, count) -> runs.add(new ChunkUpdate.Run((long) first * width, (long) count * width, false)));
        return runs;
    }
}
