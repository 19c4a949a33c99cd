package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.graph.ElementType;

/**
 * (rows, inner) × (inner, columns) → (rows, columns) f32, row-major.
 *
 * @param type of left and right
 * @param left as it lies in memory
 * @param right as it lies in memory
 * @param resultStride elements from row to row
 */
record GemmSize(ElementType type, int rows, int inner, int columns, Factor left, Factor right, int resultStride) {
    /** @param stride elements from row to row, of the transposed matrix if it is that which lies in memory */
    record Factor(int stride, boolean transposed) {}
}
