package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Tensor;

/** Where the loops find tensors: a program's memory; or, to difference functions, arrays of f64. */
@FunctionalInterface
interface TensorValues {
    Values of(Tensor tensor);

    default Matrix matrix(Tensor tensor, boolean transposed) {
        return Matrix.of(of(tensor), tensor.shape(), transposed);
    }

    default Matrix matrix(Tensor tensor) {
        return matrix(tensor, false);
    }
}
