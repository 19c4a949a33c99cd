package dev.tutti.proto.wire;

import dev.tutti.proto.v1.TensorPlacement;
import java.util.ArrayList;
import java.util.List;

/**
 * How a shard's range [begin, end) of the flat parameter space is cut into chunks, counted from the range's begin; the last one
 * may be shorter. A tensor with rows has chunks of its own, of whole rows: so whoever has a chunk of one can tell which of its rows are touched. Immutable.
 */
public final class ChunkGrid {
    private final long begin;
    private final long end;
    private final int chunkElements;
    /** First elements of the chunks, and the range's end. */
    private final long[] bounds;

    private final int[] rowWidths;

    /** Without rows. */
    public ChunkGrid(long begin, long end, int chunkElements) {
        this(begin, end, chunkElements, List.of());
    }

    /**
     * With those of the tensors that lie in it.
     *
     * @throws IllegalArgumentException if the range cuts a row
     */
    public ChunkGrid(long begin, long end, int chunkElements, List<TensorPlacement> tensors) {
        if (begin < 0 || end < begin || chunkElements < 1) {
            throw new IllegalArgumentException("Elements [" + begin + ", " + end + ") in chunks of " + chunkElements);
        }
        this.begin = begin;
        this.end = end;
        this.chunkElements = chunkElements;
        List<Long> firsts = new ArrayList<>();
        List<Integer> widths = new ArrayList<>();
        long done = begin;
        for (TensorPlacement tensor : tensors) {
            long from = Math.max(begin, tensor.getOffset());
            long to = Math.min(end, tensor.getOffset() + ShardMaps.elementCount(tensor));
            if (tensor.getRowWidth() != 0 && from < to) {
                requireWholeRows(tensor, from, to);
                cut(done, from, 0, firsts, widths);
                cut(from, to, tensor.getRowWidth(), firsts, widths);
                done = to;
            }
        }
        cut(done, end, 0, firsts, widths);
        firsts.add(end);
        this.bounds = firsts.stream().mapToLong(Long::longValue).toArray();
        this.rowWidths = widths.stream().mapToInt(Integer::intValue).toArray();
    }

    private static void requireWholeRows(TensorPlacement tensor, long from, long to) {
        long first = from - tensor.getOffset();
        if (tensor.getRowWidth() < 0 || first % tensor.getRowWidth() != 0 || (to - from) % tensor.getRowWidth() != 0) {
            throw new IllegalArgumentException("Elements [" + first + ", " + (first + to - from) + ") of "
                    + tensor.getName() + " are not whole rows of " + tensor.getRowWidth());
        }
    }

    private void cut(long from, long to, int rowWidth, List<Long> firsts, List<Integer> widths) {
        int step = rowWidth == 0 ? chunkElements : Math.max(rowWidth, chunkElements / rowWidth * rowWidth);
        for (long first = from; first < to; first += step) {
            firsts.add(first);
            widths.add(rowWidth);
        }
    }

    /** Of the range, in the flat space. */
    public long begin() {
        return begin;
    }

    /** Behind the range's last element. */
    public long end() {
        return end;
    }

    /** What most chunks have. */
    public int chunkElements() {
        return chunkElements;
    }

    public int chunkCount() {
        return rowWidths.length;
    }

    /** First element of a chunk, in the flat space. */
    public long begin(int chunk) {
        requireChunk(chunk);
        return bounds[chunk];
    }

    /** Behind the last element of a chunk, in the flat space. */
    public long end(int chunk) {
        requireChunk(chunk);
        return bounds[chunk + 1];
    }

    public int elementCount(int chunk) {
        return (int) (end(chunk) - begin(chunk));
    }

    /** Of the longest chunk; 0 if there is none. */
    public int maxElementCount() {
        int most = 0;
        for (int chunk = 0; chunk < chunkCount(); chunk++) {
            most = Math.max(most, elementCount(chunk));
        }
        return most;
    }

    /** Elements of each of a chunk's rows, of which it is made up; 0 if it has none. */
    public int rowWidth(int chunk) {
        requireChunk(chunk);
        return rowWidths[chunk];
    }

    private void requireChunk(int chunk) {
        if (chunk < 0 || chunk >= chunkCount()) {
            throw new IndexOutOfBoundsException("Chunk " + chunk + " of " + chunkCount());
        }
    }
}
