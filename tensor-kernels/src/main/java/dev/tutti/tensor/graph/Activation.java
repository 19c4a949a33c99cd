package dev.tutti.tensor.graph;

import java.util.Locale;

/** What a fused operation applies to each element before it is stored. */
public enum Activation {
    IDENTITY,
    RELU;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
