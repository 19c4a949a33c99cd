package dev.tutti.worker.exchange;

import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/** For each chunk the sums that wait for their right neighbour in the slice tree. Training thread only. */
final class PartialSums {
    private final ChunkBuffers buffers;
    private final List<Deque<MemorySegment>> waiting;

    PartialSums(ChunkBuffers buffers, int chunks) {
        this.buffers = buffers;
        this.waiting = Stream.generate(() -> (Deque<MemorySegment>) new ArrayDeque<MemorySegment>())
                .limit(chunks)
                .toList();
    }

    /**
     * Adds the value to the topmost waiting sums of a chunk, and lets the result wait.
     *
     * @param value is not kept
     */
    void hold(int chunk, MemorySegment value, int merges) {
        MemorySegment result = merges == 0 ? copy(value) : merge(chunk, value, merges);
        waiting.get(chunk).push(result);
    }

    /**
     * Adds the value to the topmost waiting sums of a chunk.
     *
     * @param merges 1 or more
     * @return one of the buffers, now the caller's, who gives it back; the sum stands at its start
     */
    MemorySegment merge(int chunk, MemorySegment value, int merges) {
        Deque<MemorySegment> sums = waiting.get(chunk);
        MemorySegment sum = sums.pop();
        addTo(sum, value);
        for (int i = 1; i < merges; i++) {
            MemorySegment left = sums.pop();
            addTo(left, sum.asSlice(0, value.byteSize()));
            buffers.give(sum);
            sum = left;
        }
        return sum;
    }

    private MemorySegment copy(MemorySegment value) {
        MemorySegment buffer = buffers.take();
        MemorySegment.copy(value, 0, buffer, 0, value.byteSize());
        return buffer;
    }

    /** Forgets the sums of a step that was not finished. */
    void clear() {
        for (Deque<MemorySegment> sums : waiting) {
            while (!sums.isEmpty()) {
                buffers.give(sums.pop());
            }
        }
    }

    /** {@code left[i] += right[i]}: left + right, as the tree says. */
    private static void addTo(MemorySegment left, MemorySegment right) {
        Payload.view(right).addTo(left.asSlice(0, right.byteSize()));
    }
}
