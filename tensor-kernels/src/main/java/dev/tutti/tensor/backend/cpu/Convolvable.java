package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * An operand in a type that products read.
 *
 * @param prepare to be run first: widens to f32 in memory of the program's if the tensor's own type is no such type
 */
record Convolvable(MemorySegment memory, ElementType type, Kernel prepare) {
    private static final int BLOCK = 4096;

    static Convolvable of(Tensor tensor, ProgramMemory memory, MatrixKernels matrices) {
        MemorySegment own = memory.of(tensor);
        if (matrices.multiplies(tensor.type())) {
            return new Convolvable(own, tensor.type(), () -> {});
        }
        MemorySegment wide = memory.arena().allocate(tensor.elementCount() * Float.BYTES, Long.BYTES * 8);
        return new Convolvable(wide, ElementType.F32, widening(tensor.type(), own, wide));
    }

    /** One element of a matrix of the same type. */
    void set(MemorySegment matrix, long index, float value) {
        Values.of(matrix, type).set(index, value);
    }

    private static Kernel widening(ElementType type, MemorySegment from, MemorySegment to) {
        long count = from.byteSize() / Short.BYTES;
        short[] narrow = new short[(int) Math.min(BLOCK, count)];
        float[] wide = new float[narrow.length];
        int[] bits = new int[narrow.length];
        return () -> {
            for (long begin = 0; begin < count; begin += narrow.length) {
                int length = (int) Math.min(narrow.length, count - begin);
                MemorySegment.copy(from, JAVA_SHORT_UNALIGNED, begin * Short.BYTES, narrow, 0, length);
                if (type == ElementType.F16) {
                    widenF16(narrow, wide);
                    MemorySegment.copy(wide, 0, to, JAVA_FLOAT_UNALIGNED, begin * Float.BYTES, length);
                } else {
                    widenBf16(narrow, bits);
                    MemorySegment.copy(bits, 0, to, JAVA_INT_UNALIGNED, begin * Float.BYTES, length);
                }
            }
        };
    }

    private static void widenF16(short[] from, float[] to) {
        for (int i = 0; i < from.length; i++) {
            to[i] = Float.float16ToFloat(from[i]);
        }
    }

    private static void widenBf16(short[] from, int[] to) {
        for (int i = 0; i < from.length; i++) {
            to[i] = from[i] << 16;
        }
    }
}
