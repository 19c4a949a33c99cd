package dev.tutti.tensor.backend;

import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/** A tensor's elements one by one, whatever their type: for reference kernels, diagnosis and tests, not for speed. */
public interface Values {
    static Values of(MemorySegment memory, ElementType type) {
        return new TypedValues(memory, type);
    }

    long count();

    double get(long index);

    /** Rounds to nearest, ties to even. */
    void set(long index, double value);

    default DoubleStream doubles() {
        return LongStream.range(0, count()).mapToDouble(this::get);
    }
}
