package dev.tutti.tensor.backend.cpu;

import java.lang.foreign.MemorySegment;

/** result = left · right, or result += it: matrices of a {@link ProductSize}, wherever they lie. */
@FunctionalInterface
interface Product {
    void multiply(MemorySegment left, MemorySegment right, MemorySegment result, boolean add);
}
