package dev.tutti.tensor.backend;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tutti.tensor.graph.BFloat16;
import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/** A tensor's elements one by one, whatever their type: for reference kernels, diagnosis and tests, not for speed. */
public record Values(MemorySegment memory, ElementType type) {
    public long count() {
        return memory.byteSize() / type.byteSize();
    }

    public float get(long index) {
        return switch (type) {
            case F32 -> memory.get(JAVA_FLOAT_UNALIGNED, index * Float.BYTES);
            case BF16 -> BFloat16.toFloat(memory.get(JAVA_SHORT_UNALIGNED, index * Short.BYTES));
            case I32 -> memory.get(JAVA_INT_UNALIGNED, index * Integer.BYTES);
        };
    }

    /** Rounds to nearest, ties to even. */
    public void set(long index, float value) {
        switch (type) {
            case F32 -> memory.set(JAVA_FLOAT_UNALIGNED, index * Float.BYTES, value);
            case BF16 -> memory.set(JAVA_SHORT_UNALIGNED, index * Short.BYTES, BFloat16.fromFloat(value));
            case I32 -> memory.set(JAVA_INT_UNALIGNED, index * Integer.BYTES, (int) value);
        }
    }

    public DoubleStream floats() {
        return LongStream.range(0, count()).mapToDouble(this::get);
    }
}
