package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** An f32 tensor of a few elements, one by one. */
record Vector(MemorySegment memory) {
    int count() {
        return Math.toIntExact(memory.byteSize() / Float.BYTES);
    }

    float get(int index) {
        return memory.get(JAVA_FLOAT_UNALIGNED, (long) index * Float.BYTES);
    }

    void set(int index, float value) {
        memory.set(JAVA_FLOAT_UNALIGNED, (long) index * Float.BYTES, value);
    }
}
