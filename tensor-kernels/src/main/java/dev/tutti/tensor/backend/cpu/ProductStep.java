package dev.tutti.tensor.backend.cpu;

import java.util.Optional;

/** What is done to each element of a product before it is stored. */
sealed interface ProductStep {
    record Scale(float factor) implements ProductStep {}

    /** @param row f32 (1, columns), for every row; of several products, each has its own */
    record AddRow(Strided row) implements ProductStep {}

    /**
     * The lesser of the element and the mask's, which is +∞ or −∞: −∞ replaces what is there, infinities and NaNs as well.
     *
     * @param mask f32, as large as a product; the same for all of several
     */
    record Mask(Strided mask) implements ProductStep {}

    /** @param matrices of the result's type and shape */
    record Multiply(Strided matrices) implements ProductStep {}

    record Exponential() implements ProductStep {}

    /** What is done to the first of several products. */
    default ProductStep ofFirst() {
        return switch (this) {
            case AddRow(var row) -> new AddRow(row.first());
            case Multiply(var matrices) -> new Multiply(matrices.first());
            case Scale _, Exponential _, Mask _ -> this;
        };
    }

    default Optional<Strided> operand() {
        return switch (this) {
            case AddRow(var row) -> Optional.of(row);
            case Mask(var mask) -> Optional.of(mask);
            case Multiply(var matrices) -> Optional.of(matrices);
            case Scale _, Exponential _ -> Optional.empty();
        };
    }
}
