package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import java.util.List;

/** Steps after a product, in Java, row by row: of f32 matrices that lie one after the other. */
final class ProductStepLoops implements Kernel {
    private final Rows result;
    private final int rows;
    /** Of one matrix. */
    private final int matrixRows;

    private final List<Loop> loops;
    private final float[] row;

    /** A step on a row. */
    @FunctionalInterface
    private interface Loop {
        void run(int rowIndex);
    }

    ProductStepLoops(List<ProductStep> steps, Strided result) {
        this.result = new Rows(result.memory(), result.columns());
        this.rows = result.count() * result.rows();
        this.matrixRows = result.rows();
        this.row = this.result.newRow();
        this.loops = steps.stream().map(this::loop).toList();
    }

    @Override
    public void run() {
        for (int r = 0; r < rows; r++) {
            result.load(r, row);
            for (int i = 0; i < loops.size(); i++) {
                loops.get(i).run(r);
            }
            result.store(row, r);
        }
    }

    /** Not {@link Math#min}, with which a NaN stays one. */
    private static void mask(float[] x, float[] mask) {
        for (int i = 0; i < x.length; i++) {
            x[i] = mask[i] < 0 ? mask[i] : x[i];
        }
    }

    private Loop loop(ProductStep step) {
        return switch (step) {
            case ProductStep.Scale(float factor) -> _ -> VectorMath.scale(row, factor, row.length);
            case ProductStep.Exponential _ -> {
                VectorMath.Exponential exponential = new VectorMath.Exponential(row.length);
                yield _ -> exponential.apply(row, row.length);
            }
            case ProductStep.AddRow(var matrix) -> {
                Rows rows = new Rows(matrix.memory(), row.length);
                float[] addend = rows.newRow();
                yield r -> {
                    rows.load(r / matrixRows, addend);
                    VectorMath.add(row, addend, row.length);
                };
            }
            case ProductStep.Mask(var mask) -> {
                Rows rows = new Rows(mask.memory(), row.length);
                float[] maskRow = rows.newRow();
                yield r -> {
                    rows.load(r % matrixRows, maskRow);
                    mask(row, maskRow);
                };
            }
            case ProductStep.Multiply(var matrices) -> {
                Rows rows = new Rows(matrices.memory(), row.length);
                float[] factor = rows.newRow();
                yield r -> {
                    rows.load(r, factor);
                    VectorMath.multiply(row, factor, row, row.length);
                };
            }
        };
    }
}
