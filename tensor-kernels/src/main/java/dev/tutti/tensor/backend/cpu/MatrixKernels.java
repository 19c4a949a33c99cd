package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;

/** The operations worth a library: each method binds one to the memory of a program. */
sealed interface MatrixKernels permits OneDnnKernels, PortableKernels {
    /** Run before each run of a program, on its thread. */
    Kernel prologue();

    Kernel matMul(Op.MatMul op, Tensor result);

    /** x · weightᵀ + bias, without the activation. */
    Kernel dense(Op.Dense op, Tensor result);

    Kernel cast(Op.Cast op, Tensor result);
}
