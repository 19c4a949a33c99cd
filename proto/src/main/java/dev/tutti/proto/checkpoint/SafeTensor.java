package dev.tutti.proto.checkpoint;

import java.util.List;

/**
 * A tensor of a safetensors file.
 *
 * @param begin first byte, counted from the end of the header
 * @param end behind the last byte
 */
public record SafeTensor(String name, ElementKind kind, List<Long> shape, long begin, long end) {
    public SafeTensor {
        shape = List.copyOf(shape);
    }

    public long byteSize() {
        return end - begin;
    }

    /** The product of the shape; 1 for a scalar. */
    public long elementCount() {
        return byteSize() / kind.byteSize();
    }
}
