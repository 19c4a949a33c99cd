package dev.tutti.tensor.graph;

/**
 * A trained f32 tensor and its place in the model's flat parameter space.
 *
 * @param offset of its first element, in elements
 */
public record Parameter(String name, Shape shape, long offset, Initializer initializer) {
    public long elementCount() {
        return shape.elementCount();
    }
}
