package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Shape;

/** A tensor of rank 2, as it lies in memory or transposed. */
record Matrix(Values values, int rows, int columns, boolean transposed) {
    static Matrix of(Values values, Shape shape, boolean transposed) {
        int outer = shape.size(0);
        int inner = shape.size(1);
        return transposed ? new Matrix(values, inner, outer, true) : new Matrix(values, outer, inner, false);
    }

    double get(int row, int column) {
        return values.get(transposed ? (long) column * rows + row : (long) row * columns + column);
    }

    double rowTimesColumn(int row, Matrix right, int column) {
        double sum = 0;
        for (int k = 0; k < columns; k++) {
            sum += get(row, k) * right.get(k, column);
        }
        return sum;
    }
}
