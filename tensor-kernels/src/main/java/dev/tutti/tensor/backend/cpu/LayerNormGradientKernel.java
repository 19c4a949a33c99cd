package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * dx = inverseDeviation · (g − mean(g) − x̂ · mean(g · x̂)), g = gradient · gamma, x̂ = (x − mean) · inverseDeviation, means over a row;
 * dgamma = Σr gradient · x̂, dbeta = Σr gradient.
 */
final class LayerNormGradientKernel implements Kernel {
    private final int columns;
    private final RowBlock block;
    private final MemorySegment gamma;
    private final Rows gradients;
    private final Rows x;
    private final Rows means;
    private final Rows inverseDeviations;
    private final Rows dx;
    private final MemorySegment dgamma;
    private final MemorySegment dbeta;
    private final float[] gradient;
    private final float[] normalized;
    private final float[] products;
    private final float[] rowValues;
    private final float[] gammas;
    private final float[] gammaSums;
    private final float[] betaSums;

    LayerNormGradientKernel(ProgramMemory memory, NormalizationOp.LayerNormGradient op, List<Tensor> results) {
        this.columns = op.x().shape().last();
        this.block = new RowBlock(columns);
        this.gradient = block.newElements();
        this.gamma = memory.of(op.gamma());
        this.gradients = new Rows(memory.of(op.gradient()), gradient.length);
        this.x = new Rows(memory.of(op.x()), gradient.length);
        this.means = new Rows(memory.of(op.mean()), block.rows());
        this.inverseDeviations = new Rows(memory.of(op.inverseDeviation()), block.rows());
        this.dx = new Rows(memory.of(results.get(0)), gradient.length);
        this.dgamma = memory.of(results.get(1));
        this.dbeta = memory.of(results.get(2));
        this.normalized = block.newElements();
        this.products = block.newElements();
        this.rowValues = block.newRows();
        this.gammas = block.newElements();
        this.gammaSums = block.newElements();
        this.betaSums = block.newElements();
    }

    @Override
    public void run() {
        block.repeat(gamma, gammas);
        Arrays.fill(gammaSums, 0);
        Arrays.fill(betaSums, 0);
        for (int r = 0; r < dx.count(); r++) {
            run(r);
        }
        store(gammaSums, dgamma);
        store(betaSums, dbeta);
    }

    private void run(int r) {
        int count = dx.length(r);
        int rows = count / columns;
        gradients.load(r, gradient);
        x.load(r, normalized);
        means.load(r, rowValues);
        VectorMath.subtract(normalized, block.spread(rowValues, rows), count);
        inverseDeviations.load(r, rowValues);
        VectorMath.multiply(normalized, block.spread(rowValues, rows), normalized, count);
        VectorMath.add(betaSums, gradient, count);
        VectorMath.addProduct(gammaSums, gradient, normalized, count);
        VectorMath.multiply(gradient, gammas, gradient, count);
        VectorMath.multiply(gradient, normalized, products, count);
        block.sums(products, rowValues, rows);
        VectorMath.scale(rowValues, -1f / columns, rows);
        block.sums(gradient, products, rows);
        VectorMath.multiply(normalized, block.spread(rowValues, rows), normalized, count);
        VectorMath.scale(products, 1f / columns, rows);
        VectorMath.subtract(gradient, block.spread(products, rows), count);
        VectorMath.add(gradient, normalized, count);
        inverseDeviations.load(r, rowValues);
        VectorMath.multiply(gradient, block.spread(rowValues, rows), gradient, count);
        dx.store(gradient, r);
    }

    /** Adds the block's rows up. */
    private void store(float[] sums, MemorySegment result) {
        for (int row = 1; row < block.rows(); row++) {
            for (int c = 0; c < columns; c++) {
                sums[c] += sums[row * columns + c];
            }
        }
        MemorySegment.copy(sums, 0, result, JAVA_FLOAT_UNALIGNED, 0, columns);
    }
}
