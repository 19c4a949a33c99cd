package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import java.util.Optional;

/**
 * result = activation(left · right + bias): (m, k) × (k, n) + (n) → (m, n), all in rows; sums are f32.
 *
 * @param bias where it lies, f32
 */
record Product(Operands operands, Size size, Optional<Long> bias, Activation activation, Place result) {
    /** Where both are, and how they lie: a transposed one as (k, m) or (n, k). */
    record Operands(ElementType type, long left, boolean transposeLeft, long right, boolean transposeRight) {}

    /** (m, k) × (k, n). */
    record Size(int m, int n, int k) {
        long results() {
            return (long) m * n;
        }
    }

    /** Without bias, as it is. */
    static Product plain(Operands operands, Size size, Place result) {
        return new Product(operands, size, Optional.empty(), Activation.IDENTITY, result);
    }

    /** The sums with their bias, nothing applied to them. */
    Product sums(Place to) {
        return new Product(operands, size, bias, Activation.IDENTITY, to);
    }
}
