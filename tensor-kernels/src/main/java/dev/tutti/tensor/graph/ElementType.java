package dev.tutti.tensor.graph;

/** What one element of a tensor is. */
public enum ElementType {
    F32("f32", 4),
    BF16("bf16", 2),
    I32("i32", 4);

    private final String label;
    private final int byteSize;

    ElementType(String label, int byteSize) {
        this.label = label;
        this.byteSize = byteSize;
    }

    public int byteSize() {
        return byteSize;
    }

    @Override
    public String toString() {
        return label;
    }
}
