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
    private final float[] first;
    private final float[] second;
    private final float[] inverse;
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
        this.first = block.newElements();
        this.second = block.newElements();
        this.inverse = block.newElements();
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
        block.spread(rowValues, rows, first);
        inverseDeviations.load(r, rowValues);
        block.spread(rowValues, rows, inverse);
        normalize(normalized, first, inverse, count);
        accumulate(gammaSums, betaSums, gradient, normalized, count);
        weigh(gradient, gammas, normalized, products, count);
        block.sums(products, rowValues, rows);
        block.spread(rowValues, rows, second);
        block.sums(gradient, rowValues, rows);
        block.spread(rowValues, rows, first);
        VectorMath.scale(first, 1f / columns, count);
        VectorMath.scale(second, 1f / columns, count);
        subtractMeans(gradient, first, normalized, second, inverse, count);
        dx.store(gradient, r);
    }

    private static void normalize(float[] x, float[] mean, float[] inverse, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = (x[i] - mean[i]) * inverse[i];
        }
    }

    private static void accumulate(float[] gammaSums, float[] betaSums, float[] gradient, float[] x, int count) {
        for (int i = 0; i < count; i++) {
            gammaSums[i] = Math.fma(gradient[i], x[i], gammaSums[i]);
            betaSums[i] += gradient[i];
        }
    }

    /** g = g · gamma, product = g · x. */
    private static void weigh(float[] g, float[] gamma, float[] x, float[] product, int count) {
        for (int i = 0; i < count; i++) {
            float weighted = g[i] * gamma[i];
            g[i] = weighted;
            product[i] = weighted * x[i];
        }
    }

    private static void subtractMeans(
            float[] g, float[] mean, float[] x, float[] productMean, float[] inverse, int count) {
        for (int i = 0; i < count; i++) {
            g[i] = (g[i] - mean[i] - x[i] * productMean[i]) * inverse[i];
        }
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
