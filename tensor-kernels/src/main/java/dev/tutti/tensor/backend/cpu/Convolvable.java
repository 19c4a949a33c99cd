package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.MemorySegment;

/**
 * An operand in a type that products read.
 *
 * @param prepare to be run first: widens to f32 in memory of the program's if the tensor's own type is no such type
 */
record Convolvable(MemorySegment memory, ElementType type, Kernel prepare) {
    static Convolvable of(Tensor tensor, ProgramMemory memory, MatrixKernels matrices) {
        MemorySegment own = memory.of(tensor);
        if (matrices.multiplies(tensor.type())) {
            return new Convolvable(own, tensor.type(), () -> {});
        }
        MemorySegment wide = memory.arena().allocate(tensor.elementCount() * Float.BYTES, MemoryPlan.ALIGNMENT);
        return new Convolvable(wide, ElementType.F32, Conversions.of(own, tensor.type(), wide, ElementType.F32));
    }

    /** One element of a matrix of the same type. */
    void set(MemorySegment matrix, long index, float value) {
        Values.of(matrix, type).set(index, value);
    }
}
