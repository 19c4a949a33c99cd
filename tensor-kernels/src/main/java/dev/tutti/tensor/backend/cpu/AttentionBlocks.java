package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Shape;
import java.lang.foreign.MemorySegment;

/**
 * How the scores of attention are cut into blocks of some heads and some queries, of a bounded size whatever the time.
 *
 * @param size of a head
 * @param headsInBlock divides {@code heads}
 * @param queriesInBlock fewer in the last block of a head, perhaps
 */
record AttentionBlocks(int samples, int time, int heads, int size, int headsInBlock, int queriesInBlock) {
    /** Of a block of scores; with what goes with it, it should stay in the second-level cache. */
    private static final int SCORES = 1 << 16;

    private static final int LEAST_QUERIES = 16;

    /** @param qkv [samples, time, 3 · heads · size] */
    static AttentionBlocks of(Shape qkv, int heads) {
        int time = qkv.size(1);
        int headsInBlock = 1;
        for (int h = 1; h <= heads; h++) {
            if (heads % h == 0 && (long) h * time * time <= SCORES) {
                headsInBlock = h;
            }
        }
        int queries = Math.min(time, Math.max(LEAST_QUERIES, SCORES / time));
        return new AttentionBlocks(qkv.size(0), time, heads, qkv.size(2) / 3 / heads, headsInBlock, queries);
    }

    int width() {
        return heads * size;
    }

    /** Elements of the largest block of scores. */
    long scores() {
        return (long) headsInBlock * queriesInBlock * time;
    }

    /** In the last block of each head. */
    int lastQueries() {
        return (time - 1) % queriesInBlock + 1;
    }

    /** (heads in block) × (queries, time). */
    Strided scores(MemorySegment memory, ElementType type, int queries) {
        return Strided.matrix(memory, type, queries, time).times(headsInBlock, (long) queries * time);
    }

    /** (heads in block) × (times, size) of queries, keys or values. */
    Strided ofQkv(MemorySegment memory, ElementType type, int times) {
        return Strided.matrix(memory, type, times, size, 3L * width()).times(headsInBlock, size);
    }

    /** (heads in block) × (times, size) of what has the output's shape. */
    Strided ofOutput(MemorySegment memory, ElementType type, int times) {
        return Strided.matrix(memory, type, times, size, width()).times(headsInBlock, size);
    }

    /**
     * Bytes from the start of qkv.
     *
     * @param part 0 for queries, 1 for keys, 2 for values
     */
    long qkvOffset(ElementType type, int part, int sample, int head, int t) {
        long row = (long) sample * time + t;
        return ((row * 3 + part) * width() + (long) head * size) * type.byteSize();
    }

    /** Bytes from the start of what has the output's shape. */
    long outputOffset(ElementType type, int sample, int head, int t) {
        return (((long) sample * time + t) * width() + (long) head * size) * type.byteSize();
    }

    /** Of a query's logarithm of its sum of exponentials, in elements. */
    long row(int sample, int head, int t) {
        return ((long) sample * heads + head) * time + t;
    }
}
