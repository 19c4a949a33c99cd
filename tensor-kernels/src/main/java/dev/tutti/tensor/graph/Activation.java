package dev.tutti.tensor.graph;

import java.util.Locale;

/** Functions of one number. */
public enum Activation {
    IDENTITY,
    /** max(x, 0). */
    RELU,
    /** x · Φ(x) with the normal distribution's Φ; Hendrycks & Gimpel 2016, exact, as PyTorch's default. */
    GELU,
    TANH,
    /** 1 / (1 + exp(−x)). */
    SIGMOID;

    /** What the gradient is computed from. */
    public enum Saved {
        INPUT,
        OUTPUT
    }

    public Saved saves() {
        return switch (this) {
            case GELU -> Saved.INPUT;
            case IDENTITY, RELU, TANH, SIGMOID -> Saved.OUTPUT;
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
