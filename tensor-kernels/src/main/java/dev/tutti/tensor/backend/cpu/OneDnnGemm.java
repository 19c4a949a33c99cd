package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;

/** oneDNN's BLAS: for products too small to set up a primitive each, and for matrices that move. */
record OneDnnGemm(GemmSize size) implements Gemm {
    /** Whether this processor multiplies the type. */
    static boolean multiplies(ElementType type) {
        return switch (type) {
            case F32 -> true;
            case BF16 -> OneDnn.multipliesBf16();
            case F16, I32 -> false;
        };
    }

    @Override
    public void multiply(MemorySegment left, MemorySegment right, MemorySegment result, boolean add) {
        OneDnn.multiply(size, left, right, result, add);
    }
}
