package dev.tutti.tensor.graph;

/**
 * An f32 tensor that outlives steps, and its place in the model's flat parameter space.
 *
 * @param offset of its first element, in elements
 */
public record Parameter(String name, Shape shape, long offset, Initializer initializer, Update update) {
    /** What becomes of a parameter after a step. */
    public enum Update {
        /** The optimizer applies its gradient. */
        TRAINED,
        /** w ← w + {@value #AVERAGE_RATE} · (g − w), whatever the optimizer: the moving average of a statistic, which comes as its gradient. */
        AVERAGED
    }

    /** PyTorch's momentum of batch norm's running statistics. */
    public static final float AVERAGE_RATE = 0.1f;

    public long elementCount() {
        return shape.elementCount();
    }
}
