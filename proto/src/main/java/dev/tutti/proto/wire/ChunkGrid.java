package dev.tutti.proto.wire;

/**
 * How a shard's range [begin, end) of the flat parameter space is cut into chunks, counted from the range's begin; the last one
 * may be shorter.
 */
public record ChunkGrid(long begin, long end, int chunkElements) {
    public ChunkGrid {
        if (begin < 0 || end < begin || chunkElements < 1) {
            throw new IllegalArgumentException("Elements [" + begin + ", " + end + ") in chunks of " + chunkElements);
        }
    }

    public int chunkCount() {
        return Math.toIntExact(Math.ceilDiv(end - begin, (long) chunkElements));
    }

    /** First element of a chunk, in the flat space. */
    public long begin(int chunk) {
        requireChunk(chunk);
        return begin + (long) chunk * chunkElements;
    }

    /** Behind the last element of a chunk, in the flat space. */
    public long end(int chunk) {
        return Math.min(begin(chunk) + chunkElements, end);
    }

    public int elementCount(int chunk) {
        return (int) (end(chunk) - begin(chunk));
    }

    private void requireChunk(int chunk) {
        if (chunk < 0 || chunk >= chunkCount()) {
            throw new IndexOutOfBoundsException("Chunk " + chunk + " of " + chunkCount());
        }
    }
}
