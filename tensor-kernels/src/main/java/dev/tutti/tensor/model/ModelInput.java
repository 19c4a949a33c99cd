package dev.tutti.tensor.model;

import dev.tutti.tensor.graph.ElementType;
import java.util.List;
import java.util.OptionalInt;

/** What one sample is. */
public sealed interface ModelInput {
    ElementType type();

    /** Without the samples. */
    List<Integer> shape();

    /** f32, e.g. {@code [784]} or {@code [28, 28]}. */
    record Numbers(List<Integer> shape) implements ModelInput {
        public Numbers {
            shape = List.copyOf(shape);
        }

        @Override
        public ElementType type() {
            return ElementType.F32;
        }
    }

    /**
     * i32 ids.
     *
     * @param length of every sample
     * @param padding the id that fills short samples, which no attention sees and no mean or last state counts; empty if all are full
     */
    record Tokens(int length, OptionalInt padding) implements ModelInput {
        @Override
        public ElementType type() {
            return ElementType.I32;
        }

        @Override
        public List<Integer> shape() {
            return List.of(length);
        }
    }
}
