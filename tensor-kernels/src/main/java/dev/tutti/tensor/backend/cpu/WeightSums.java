package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Gradients of weights and biases, summed over rows of the result in the order of {@link UnrolledRows}. */
final class WeightSums {
    /** From so many outputs on (taps, out) is the faster product; with fewer, (out, taps). */
    private static final int MANY_OUTPUTS = 16;

    private final boolean transposed;
    private final int rows;
    private final int firstOne;
    private final int outputs;
    private final Gemm product;
    private final MemorySegment memory;
    private final MemorySegment[] groups;
    private final float[] sums;
    private final int[] indices;
    private final float[] weights;
    private final float[] biases;

    WeightSums(ConvolutionSize size, UnrolledRows unrolled, ElementType type, MatrixKernels matrices, Arena arena) {
        this.outputs = size.outputs();
        this.rows = unrolled.rows();
        this.firstOne = unrolled.ones()[0];
        this.transposed = outputs >= MANY_OUTPUTS;
        GemmSize.Factor gradient = new GemmSize.Factor(size.outputHeight() * size.rowElements(), transposed);
        GemmSize.Factor x = new GemmSize.Factor(size.rowElements(), !transposed);
        this.product = matrices.gemm(
                transposed
                        ? new GemmSize(type, rows, size.rowElements(), outputs, x, gradient, outputs)
                        : new GemmSize(type, outputs, size.rowElements(), rows, gradient, x, rows));
        this.sums = new float[size.groups() * outputs * rows];
        this.memory = arena.allocate((long) sums.length * Float.BYTES, MemoryPlan.ALIGNMENT);
        this.groups = new MemorySegment[size.groups()];
        for (int group = 0; group < groups.length; group++) {
            groups[group] = memory.asSlice((long) group * outputs * rows * Float.BYTES);
        }
        this.indices = PackedWeights.rowIndices(size, unrolled.blockRows());
        for (int i = 0; i < indices.length; i++) {
            indices[i] = index(indices[i] / rows, indices[i] % rows);
        }
        this.weights = new float[indices.length];
        this.biases = new float[size.groups() * outputs];
    }

    private int index(int output, int row) {
        return transposed ? (output / outputs * rows + row) * outputs + output % outputs : output * rows + row;
    }

    /** @param unrolled what the row of the result sees */
    void add(int group, int row, MemorySegment gradient, MemorySegment unrolled) {
        if (transposed) {
            product.multiply(unrolled, gradient, groups[group], row > 0);
        } else {
            product.multiply(gradient, unrolled, groups[group], row > 0);
        }
    }

    void store(MemorySegment weight, MemorySegment bias) {
        MemorySegment.copy(memory, JAVA_FLOAT_UNALIGNED, 0, sums, 0, sums.length);
        for (int i = 0; i < weights.length; i++) {
            weights[i] = sums[indices[i]];
        }
        for (int o = 0; o < biases.length; o++) {
            biases[o] = sums[index(o, firstOne)];
        }
        MemorySegment.copy(weights, 0, weight, JAVA_FLOAT_UNALIGNED, 0, weights.length);
        MemorySegment.copy(biases, 0, bias, JAVA_FLOAT_UNALIGNED, 0, biases.length);
    }
}
