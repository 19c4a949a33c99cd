package dev.tutti.tensor.backend;

/** Called during the backward pass, on the computing thread. */
@FunctionalInterface
public interface GradientSink {
    GradientSink NONE = parameter -> {};

    /**
     * The last contribution to a gradient has been written; until the next run its memory does not change.
     *
     * @param parameter index into {@link dev.tutti.tensor.graph.Graph#parameters()}
     */
    void gradientReady(int parameter);
}
