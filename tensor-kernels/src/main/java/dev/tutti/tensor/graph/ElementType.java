package dev.tutti.tensor.graph;

/** What one element of a tensor is. */
public enum ElementType {
    F32("f32", 4),
    /** The upper half of an f32: its range, 8 bits of precision. */
    BF16("bf16", 2),
    /** IEEE 754 binary16: 11 bits of precision, magnitudes 6e-8 to 65504. */
    F16("f16", 2),
    I32("i32", 4);

    private final String label;
    private final int byteSize;

    ElementType(String label, int byteSize) {
        this.label = label;
        this.byteSize = byteSize;
    }

    public boolean isFloat() {
        return this != I32;
    }

    public int byteSize() {
        return byteSize;
    }

    @Override
    public String toString() {
        return label;
    }
}
