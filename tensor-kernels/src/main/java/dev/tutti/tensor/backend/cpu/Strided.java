package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A matrix as it lies in memory, or several of one shape at one distance. Sizes and strides, in elements, end with rows and columns.
 *
 * @param memory what the first element is the first of
 */
record Strided(MemorySegment memory, ElementType type, List<Long> sizes, List<Long> strides) {
    static Strided matrix(MemorySegment memory, ElementType type, long rows, long columns) {
        return matrix(memory, type, rows, columns, columns);
    }

    static Strided matrix(MemorySegment memory, ElementType type, long rows, long columns, long rowStride) {
        return new Strided(memory, type, List.of(rows, columns), List.of(rowStride, 1L));
    }

    /** So many of this matrix, each so far from the one before; one is the matrix itself. */
    Strided times(long count, long stride) {
        return count == 1
                ? this
                : new Strided(
                        memory,
                        type,
                        List.of(count, sizes.get(0), sizes.get(1)),
                        List.of(stride, strides.get(0), strides.get(1)));
    }

    /** The matrix as the only one of several. */
    Strided once() {
        return new Strided(
                memory,
                type,
                List.of(1L, sizes.get(0), sizes.get(1)),
                List.of(sizes.get(0) * strides.get(0), strides.get(0), strides.get(1)));
    }

    /** Of several, the first; or this one. */
    Strided first() {
        int last = sizes.size();
        return new Strided(memory, type, sizes.subList(last - 2, last), strides.subList(last - 2, last));
    }

    /** From one of several to the next; 0 of one, which stands for all. */
    long byteDistance() {
        return sizes.size() == 2 ? 0 : strides.getFirst() * type.byteSize();
    }

    /** The same memory with rows and columns exchanged. */
    Strided transposed() {
        return new Strided(memory, type, exchanged(sizes), exchanged(strides));
    }

    int rows() {
        return Math.toIntExact(sizes.get(sizes.size() - 2));
    }

    int columns() {
        return Math.toIntExact(sizes.getLast());
    }

    /** Of matrices. */
    int count() {
        return sizes.size() == 2 ? 1 : Math.toIntExact(sizes.getFirst());
    }

    private static List<Long> exchanged(List<Long> values) {
        int last = values.size() - 1;
        return values.size() == 2
                ? List.of(values.get(1), values.get(0))
                : List.of(values.get(0), values.get(last), values.get(last - 1));
    }
}
