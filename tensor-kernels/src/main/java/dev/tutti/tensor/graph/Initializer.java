package dev.tutti.tensor.graph;

/** What a parameter's elements are before the first step. */
public sealed interface Initializer {
    /** Every element is {@code value}. */
    record Constant(float value) implements Initializer {}

    /** Elements are drawn evenly from [-bound, bound). */
    record Uniform(float bound) implements Initializer {
        public Uniform {
            if (!(bound >= 0) || Float.isInfinite(bound)) {
                throw new IllegalArgumentException(
                        "the bound of a uniform initializer must be finite and not negative, got " + bound);
            }
        }

        /** PyTorch's default for a linear layer's weight and bias: the bound is 1/√fanIn. */
        public static Uniform fanIn(int fanIn) {
            return new Uniform((float) (1 / Math.sqrt(fanIn)));
        }
    }

    /** Elements are drawn from the normal distribution around 0. */
    record Normal(float deviation) implements Initializer {
        public Normal {
            if (!(deviation >= 0) || Float.isInfinite(deviation)) {
                throw new IllegalArgumentException(
                        "the deviation of a normal initializer must be finite and not negative, got " + deviation);
            }
        }
    }
}
