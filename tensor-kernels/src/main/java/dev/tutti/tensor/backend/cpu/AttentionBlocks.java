package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Shape;
import java.lang.foreign.MemorySegment;

/**
 * How the scores of attention are cut into blocks of some heads and some queries. A block lies with keys as its rows and queries as its columns:
 * what a query has one of, such as its sum of exponentials, is then a row.
 *
 * @param size of a head
 * @param headsInBlock divides {@code heads}
 * @param queriesInBlock fewer in the last block of a head, perhaps
 */
record AttentionBlocks(
        int samples, int time, int heads, int size, int headsInBlock, int queriesInBlock, boolean causal) {
    static final int QUERY = 0;
    static final int KEY = 1;
    static final int VALUE = 2;

    /** Of a block; with what goes with it, it should stay in the second-level cache. */
    private static final int SCORES = 1 << 16;

    /** Of the heads that share a block: they pay less for calls, more for each element. */
    private static final int SCORES_TOGETHER = 1 << 13;

    private static final int LEAST_QUERIES = 64;
    /** At most, of keys that blocks of a causal head see: each is a product of its own. */
    private static final int KEY_COUNTS = 8;

    /** @param qkv [samples, time, 3 · heads · size] */
    static AttentionBlocks of(Shape qkv, int heads, boolean causal) {
        int time = qkv.size(1);
        int headsInBlock = 1;
        for (int h = 1; h <= heads; h++) {
            if (heads % h == 0 && (long) h * time * time <= SCORES_TOGETHER) {
                headsInBlock = h;
            }
        }
        int queries = causal ? LEAST_QUERIES : Math.max(LEAST_QUERIES, SCORES / time);
        return new AttentionBlocks(
                qkv.size(0), time, heads, qkv.size(2) / 3 / heads, headsInBlock, Math.min(time, queries), causal);
    }

    int width() {
        return heads * size;
    }

    /** Of a head. */
    int count() {
        return (time + queriesInBlock - 1) / queriesInBlock;
    }

    int firstQuery(int block) {
        return block * queriesInBlock;
    }

    int queries(int block) {
        return Math.min(queriesInBlock, time - firstQuery(block));
    }

    /** That some query of the block sees, and perhaps a few more. */
    int keys(int block) {
        int step = (count() + KEY_COUNTS - 1) / KEY_COUNTS;
        return causal ? Math.min(time, (block / step + 1) * step * queriesInBlock) : time;
    }

    /** Elements of the largest block. */
    long scores() {
        return (long) headsInBlock * queriesInBlock * time;
    }

    /** (heads in block) × (keys, queries). */
    Strided scores(MemorySegment memory, ElementType type, int keys, int queries) {
        return Strided.matrix(memory, type, keys, queries).times(headsInBlock, (long) keys * queries);
    }

    /** (heads in block) × (1, queries), f32. */
    Strided row(MemorySegment memory, int queries) {
        return Strided.matrix(memory, ElementType.F32, 1, queries).times(headsInBlock, queries);
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
     * @param part {@link #QUERY}, {@link #KEY} or {@link #VALUE}
     */
    long qkvOffset(ElementType type, int part, int sample, int head, int t) {
        long row = (long) sample * time + t;
        return ((row * 3 + part) * width() + (long) head * size) * type.byteSize();
    }

    /** Bytes from the start of what has the output's shape. */
    long outputOffset(ElementType type, int sample, int head, int t) {
        return (((long) sample * time + t) * width() + (long) head * size) * type.byteSize();
    }

    /** Of a query's logarithm of its sum of exponentials, in bytes. */
    long logarithmOffset(int sample, int head, int t) {
        return (((long) sample * heads + head) * time + t) * Float.BYTES;
    }

    float scale() {
        return (float) (1 / Math.sqrt(size));
    }
}
