package dev.tutti.worker.exchange;

/**
 * A part of the parameters: every so many chunks, numbered through all shards.
 *
 * @param number from 0
 * @param count of all
 */
public record Fragment(int number, int count) {
    /** All parameters. */
    public static final Fragment WHOLE = new Fragment(0, 1);

    boolean has(ChunkTable.Chunk chunk) {
        return chunk.number() % count == number;
    }
}
