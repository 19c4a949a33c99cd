package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Tensor;

/** A tensor of rank 2, as it lies in memory or transposed. */
record Matrix(Values values, int rows, int columns, boolean transposed) {
    static Matrix of(Tensor tensor, boolean transposed, ProgramMemory memory) {
        int outer = tensor.shape().size(0);
        int inner = tensor.shape().size(1);
        Values values = new Values(memory.of(tensor), tensor.type());
        return transposed ? new Matrix(values, inner, outer, true) : new Matrix(values, outer, inner, false);
    }

    float get(int row, int column) {
        return values.get(transposed ? (long) column * rows + row : (long) row * columns + column);
    }

    double rowTimesColumn(int row, Matrix right, int column) {
        double sum = 0;
        for (int k = 0; k < columns; k++) {
            sum += (double) get(row, k) * right.get(k, column);
        }
        return sum;
    }

    /** log Σc exp(x[row, c]), without overflow. */
    double logSumExp(int row) {
        double max = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < columns; c++) {
            max = Math.max(max, get(row, c));
        }
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            sum += StrictMath.exp(get(row, c) - max);
        }
        return max + StrictMath.log(sum);
    }

    /** @throws IllegalArgumentException if the label of the row is not one of the columns */
    int column(Values labels, int row) {
        int label = (int) labels.get(row);
        if (label < 0 || label >= columns) {
            throw new IllegalArgumentException(
                    "the label of row " + row + " is " + label + ", expected 0 to " + (columns - 1));
        }
        return label;
    }
}
