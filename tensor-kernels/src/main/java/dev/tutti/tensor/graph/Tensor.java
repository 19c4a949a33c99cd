package dev.tutti.tensor.graph;

/**
 * A value in a graph: written once, by an instruction or from outside. Memory is a backend's matter.
 *
 * @param id unique in its graph; below {@link Graph#tensorIds()}
 * @param name for people: {@code dense-2.relu}, {@code dense-2.weight.gradient}
 */
public record Tensor(int id, String name, ElementType type, Shape shape) {
    public long elementCount() {
        return shape.elementCount();
    }

    public long byteSize() {
        return elementCount() * type.byteSize();
    }

    @Override
    public String toString() {
        return name + ": " + type + shape;
    }
}
