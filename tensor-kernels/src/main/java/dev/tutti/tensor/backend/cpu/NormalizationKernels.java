package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Softmax and layer norm: rows in blocks, every step a loop over a block. */
record NormalizationKernels(ProgramMemory memory) {
    Kernel softmax(NormalizationOp.Softmax op, Tensor result) {
        int columns = result.shape().last();
        RowBlock block = new RowBlock(columns);
        float[] row = block.newElements();
        Rows x = new Rows(memory.of(op.x()), row.length);
        Rows y = new Rows(memory.of(result), row.length);
        float[] maxima = block.newRows();
        float[] sums = block.newRows();
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                int rows = y.length(r) / columns;
                x.load(r, row);
                block.exponentials(row, maxima, sums, rows);
                block.divide(row, sums, rows);
                y.store(row, r);
            }
        };
    }

    Kernel softmaxGradient(NormalizationOp.SoftmaxGradient op, Tensor result) {
        int columns = result.shape().last();
        RowBlock block = new RowBlock(columns);
        float[] gradient = block.newElements();
        float[] output = block.newElements();
        float[] products = block.newElements();
        float[] sums = block.newRows();
        Rows gradients = new Rows(memory.of(op.gradient()), gradient.length);
        Rows outputs = new Rows(memory.of(op.output()), gradient.length);
        Rows y = new Rows(memory.of(result), gradient.length);
        return () -> {
            for (int r = 0; r < y.count(); r++) {
                int count = y.length(r);
                gradients.load(r, gradient);
                outputs.load(r, output);
                VectorMath.multiply(gradient, output, products, count);
                block.sums(products, sums, count / columns);
                VectorMath.subtract(gradient, block.spread(sums, count / columns), count);
                VectorMath.multiply(gradient, output, gradient, count);
                y.store(gradient, r);
            }
        };
    }

    Kernel layerNorm(NormalizationOp.LayerNorm op, List<Tensor> results) {
        int columns = op.x().shape().last();
        RowBlock block = new RowBlock(columns);
        float[] row = block.newElements();
        float[] squares = block.newElements();
        float[] sums = block.newRows();
        MemorySegment gamma = memory.of(op.gamma());
        MemorySegment beta = memory.of(op.beta());
        float[] gammas = block.newElements();
        float[] betas = block.newElements();
        Rows x = new Rows(memory.of(op.x()), row.length);
        Rows y = new Rows(memory.of(results.get(0)), row.length);
        Rows means = new Rows(memory.of(results.get(1)), block.rows());
        Rows inverseDeviations = new Rows(memory.of(results.get(2)), block.rows());
        return () -> {
            block.repeat(gamma, gammas);
            block.repeat(beta, betas);
            for (int r = 0; r < y.count(); r++) {
                int count = y.length(r);
                int rows = count / columns;
                x.load(r, row);
                block.sums(row, sums, rows);
                VectorMath.scale(sums, 1f / columns, rows);
                means.store(sums, r);
                VectorMath.subtract(row, block.spread(sums, rows), count);
                VectorMath.multiply(row, row, squares, count);
                block.sums(squares, sums, rows);
                inverseDeviations(sums, columns, op.epsilon(), rows);
                inverseDeviations.store(sums, r);
                VectorMath.multiply(row, block.spread(sums, rows), row, count);
                VectorMath.multiplyAdd(row, gammas, betas, count);
                y.store(row, r);
            }
        };
    }

    /** From sums of squares. */
    static void inverseDeviations(float[] sums, int columns, float epsilon, int count) {
        for (int r = 0; r < count; r++) {
            sums[r] = (float) (1 / Math.sqrt((double) sums[r] / columns + epsilon));
        }
    }
}
