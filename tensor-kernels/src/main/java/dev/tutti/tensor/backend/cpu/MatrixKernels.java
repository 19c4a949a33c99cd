package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;

/** The operations worth a library: each method binds one to the memory of a program. */
sealed interface MatrixKernels permits OneDnnKernels, PortableKernels {
    /** Run before each run of a program, on its thread. */
    Kernel prologue();

    Kernel matMul(MatrixOp.MatMul op, Tensor result);

    /** x · weightᵀ + bias, without the activation. */
    Kernel dense(MatrixOp.Dense op, Tensor result);

    Kernel cast(ElementwiseOp.Cast op, Tensor result);

    /** (rows, columns) → (columns, rows), one matrix after the other, as many as there are. */
    Kernel transposition(ElementType type, int rows, int columns, MemorySegment from, MemorySegment to);

    /** Whether {@link #gemm} reads the type. */
    boolean multiplies(ElementType type);

    /** For other kernels to use. */
    Gemm gemm(GemmSize size);
}
