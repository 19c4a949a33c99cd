package dev.tutti.tensor.backend.cpu;

import java.lang.foreign.MemorySegment;

/** result = left · right, or result += it: matrices of a {@link GemmSize}, wherever they lie. */
@FunctionalInterface
interface Gemm {
    void multiply(MemorySegment left, MemorySegment right, MemorySegment result, boolean add);
}
