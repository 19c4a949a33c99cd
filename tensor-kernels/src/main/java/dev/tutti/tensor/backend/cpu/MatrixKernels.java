package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** The operations worth a library: each method binds one to the memory of a program. */
sealed interface MatrixKernels permits OneDnnKernels, PortableKernels {
    /** Run before each run of a program, on its thread. */
    Kernel prologue();

    Kernel cast(ElementwiseOp.Cast op, Tensor result);

    Kernel add(ElementwiseOp.Add op, Tensor result);

    Kernel layerNorm(NormalizationOp.LayerNorm op, List<Tensor> results);

    Kernel layerNormGradient(NormalizationOp.LayerNormGradient op, List<Tensor> results);

    /** (rows, columns) → (columns, rows), one matrix after the other, as many as there are. */
    Kernel transposition(ElementType type, int rows, int columns, MemorySegment from, MemorySegment to);

    /** Whether {@link #gemm} reads the type. */
    boolean multiplies(ElementType type);

    /** For other kernels to use. */
    Gemm gemm(GemmSize size);

    /** What products read where operands of this type are given: the type itself, or f32. */
    ElementType computed(ElementType type);

    /**
     * Left · right, f32.
     *
     * @param left of a type that {@link #computed} gives, as is {@code right}
     * @param adding to the result, or in its place
     */
    Product product(Strided left, Strided right, Strided result, boolean adding);

    /**
     * Left · right, and what is done to it before it is stored, in this order.
     *
     * @param left of a type that {@link #computed} gives, as is {@code right}
     * @param result f32, or of left's type; not to be shifted
     */
    Product product(Strided left, Strided right, Strided result, List<ProductStep> steps);

    /**
     * Left · right, and a row that is added to each row.
     *
     * @param left of a type that {@link #computed} gives, as is {@code right}
     * @param bias f32, as long as a row of the result
     * @param result f32, or of left's type
     */
    Kernel affine(Strided left, Strided right, Optional<MemorySegment> bias, Strided result, Scratch scratch);

    /**
     * Left · right + addend; the right operand and a row that is added do not move.
     *
     * @param left of right's type, or f32, and converted to that each time
     */
    RepeatedProduct repeatedProduct(Strided left, Strided right, Strided result, Addend addend, Scratch scratch);

    /** Between two float types, one of them f32, element by element. */
    Kernel convert(MemorySegment from, ElementType fromType, MemorySegment to, ElementType toType);

    /** What products read in place of an operand, and what brings it there before they run. */
    default Converted readable(MemorySegment operand, ElementType type, Scratch scratch) {
        ElementType computed = computed(type);
        if (computed == type) {
            return new Converted(operand, type, () -> {});
        }
        MemorySegment converted = scratch.take(computed, operand.byteSize() / type.byteSize());
        return new Converted(converted, computed, convert(operand, type, converted, computed));
    }

    /** The same in f32. */
    default Converted widened(Converted operand, Scratch scratch) {
        if (operand.type() == ElementType.F32) {
            return new Converted(operand.memory(), ElementType.F32, () -> {});
        }
        long count = operand.memory().byteSize() / operand.type().byteSize();
        MemorySegment wide = scratch.take(ElementType.F32, count);
        return new Converted(wide, ElementType.F32, convert(operand.memory(), operand.type(), wide, ElementType.F32));
    }

    /** An operand as products read it. */
    record Converted(MemorySegment memory, ElementType type, Kernel load) {}
}
