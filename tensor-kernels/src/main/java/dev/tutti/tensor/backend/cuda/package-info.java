/** Kernels for NVIDIA's GPUs, compiled on the spot, and CUDA's libraries by their C functions. */
@NullMarked
package dev.tutti.tensor.backend.cuda;

import org.jspecify.annotations.NullMarked;
