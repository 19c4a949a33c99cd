package dev.tutti.tensor.backend;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tutti.tensor.graph.BFloat16;
import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.MemorySegment;

/** Elements as they lie in memory. */
record TypedValues(MemorySegment memory, ElementType type) implements Values {
    @Override
    public long count() {
        return memory.byteSize() / type.byteSize();
    }

    @Override
    public double get(long index) {
        return switch (type) {
            case F32 -> memory.get(JAVA_FLOAT_UNALIGNED, index * Float.BYTES);
            case BF16 -> BFloat16.toFloat(memory.get(JAVA_SHORT_UNALIGNED, index * Short.BYTES));
            case F16 -> Float.float16ToFloat(memory.get(JAVA_SHORT_UNALIGNED, index * Short.BYTES));
            case I32 -> memory.get(JAVA_INT_UNALIGNED, index * Integer.BYTES);
        };
    }

    @Override
    public void set(long index, double value) {
        switch (type) {
            case F32 -> memory.set(JAVA_FLOAT_UNALIGNED, index * Float.BYTES, (float) value);
            case BF16 -> memory.set(JAVA_SHORT_UNALIGNED, index * Short.BYTES, BFloat16.fromFloat((float) value));
            case F16 -> memory.set(JAVA_SHORT_UNALIGNED, index * Short.BYTES, Float.floatToFloat16((float) value));
            case I32 -> memory.set(JAVA_INT_UNALIGNED, index * Integer.BYTES, (int) value);
        }
    }
}
