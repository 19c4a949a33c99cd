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
        /** The same, of those rows only whose gradient is not all zero: the others stay as they are, and so does the optimizer's state of them. */
        TRAINED_ROWS,
        /** w ← w + {@value #AVERAGE_RATE} · (g − w), whatever the optimizer: the moving average of a statistic, which comes as its gradient. */
        AVERAGED
    }

    /** PyTorch's momentum of batch norm's running statistics. */
    public static final float AVERAGE_RATE = 0.1f;

    public long elementCount() {
        return shape.elementCount();
    }

    /** Elements of each of its rows if it is trained row by row, else 0. */
    public int rowWidth() {
        return update == Update.TRAINED_ROWS ? Math.toIntExact(elementCount() / shape.size(0)) : 0;
    }
}
