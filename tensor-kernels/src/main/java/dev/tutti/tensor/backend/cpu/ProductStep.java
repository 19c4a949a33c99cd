package dev.tutti.tensor.backend.cpu;

import java.util.Optional;

/** What is done to each element of a product before it is stored. */
sealed interface ProductStep {
    record Scale(float factor) implements ProductStep {}

    /** @param row f32 (1, columns), for every row; of several products, each has its own */
    record AddRow(Strided row) implements ProductStep {}

    /** @param matrix f32, as large as a product; the same for all of several */
    record Add(Strided matrix) implements ProductStep {}

    /** @param matrices of the result's type and shape */
    record Multiply(Strided matrices) implements ProductStep {}

    record Exponential() implements ProductStep {}

    /** What is done to the first of several products. */
    default ProductStep ofFirst() {
        return switch (this) {
            case AddRow(var row) -> new AddRow(row.first());
            case Multiply(var matrices) -> new Multiply(matrices.first());
            case Scale _, Exponential _, Add _ -> this;
        };
    }

    default Optional<Strided> operand() {
        return switch (this) {
            case AddRow(var row) -> Optional.of(row);
            case Add(var matrix) -> Optional.of(matrix);
            case Multiply(var matrices) -> Optional.of(matrices);
            case Scale _, Exponential _ -> Optional.empty();
        };
    }
}
