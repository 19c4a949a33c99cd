package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Convolutions of images [channels, height, width, samples] as products, for one row of the result at a time, which is a run of width · samples in
 * each channel. Scratch memory is the program's.
 */
final class ConvolutionKernels {
    private final ProgramMemory memory;
    private final MatrixKernels matrices;

    ConvolutionKernels(ProgramMemory memory, MatrixKernels matrices) {
        this.memory = memory;
        this.matrices = matrices;
    }

    /** weight (out, taps) × unrolled x (taps, row) on rows of the bias. */
    private final class Forward {
        final ConvolutionSize size;
        private final Convolvable x;
        private final Convolvable weight;
        private final MemorySegment bias;
        private final PackedWeights packed;
        private final BiasRows biasRows;
        private final UnrolledRows unrolled;
        private final Product product;

        /** @param resultStride elements from a channel's row to the next channel's */
        Forward(ConvolutionSize size, Tensor x, Tensor weight, Tensor bias, int resultStride) {
            this.size = size;
            this.x = Convolvable.of(x, memory, matrices);
            this.weight = Convolvable.of(weight, memory, matrices);
            this.bias = memory.of(bias);
            this.packed = new PackedWeights(size, this.weight.type().byteSize(), memory.arena());
            this.biasRows = new BiasRows(size, memory.arena());
            this.unrolled = new UnrolledRows(size, this.x, false, memory.arena());
            this.product = matrices.product(new ProductSize(
                    this.x.type(),
                    size.outputs(),
                    size.taps(),
                    size.rowElements(),
                    new ProductSize.Factor(size.taps(), false),
                    new ProductSize.Factor(size.rowElements(), false),
                    resultStride));
        }

        void prepare() {
            x.prepare().run();
            weight.prepare().run();
            packed.load(weight.memory());
            biasRows.load(bias);
        }

        void restart(int group) {
            unrolled.restart(group);
        }

        /** @param strideBytes from a channel's row to the next channel's */
        void row(int group, int row, MemorySegment result, long strideBytes) {
            for (int o = 0; o < size.outputs(); o++) {
                biasRows.copyTo(group * size.outputs() + o, result, o * strideBytes);
            }
            product.multiply(packed.of(group), unrolled.forRow(row), result, true);
        }
    }

    Kernel forward(ConvolutionOp.Conv2d op, Tensor result) {
        ConvolutionSize size =
                ConvolutionSize.of(op.x().shape(), op.weight().shape().size(0), op.window(), op.groups());
        int stride = size.outputHeight() * size.rowElements();
        Forward forward = new Forward(size, op.x(), op.weight(), op.bias(), stride);
        MemorySegment[] rows = rows(size, memory.of(result), Float.BYTES);
        return () -> {
            forward.prepare();
            for (int group = 0; group < size.groups(); group++) {
                forward.restart(group);
                for (int row = 0; row < size.outputHeight(); row++) {
                    forward.row(group, row, rows[group * size.outputHeight() + row], (long) stride * Float.BYTES);
                }
            }
        };
    }

    Kernel forwardMaxPool(ConvolutionOp.Conv2dMaxPool op, List<Tensor> results) {
        ConvolutionSize size =
                ConvolutionSize.of(op.x().shape(), op.weight().shape().size(0), op.window(), op.groups());
        Forward forward = new Forward(size, op.x(), op.weight(), op.bias(), size.rowElements());
        long rowBytes = (long) size.rowElements() * Float.BYTES;
        MemorySegment upper = memory.arena().allocate(rowBytes * size.outputs(), Long.BYTES * 8);
        MemorySegment lower = memory.arena().allocate(rowBytes * size.outputs(), Long.BYTES * 8);
        MemorySegment y = memory.of(results.get(0));
        MemorySegment places = memory.of(results.get(1));
        int pairs = size.outputHeight() / 2;
        MaxPairs maxPairs = new MaxPairs(size.outputWidth(), size.samples());
        return () -> {
            forward.prepare();
            for (int group = 0; group < size.groups(); group++) {
                forward.restart(group);
                for (int pair = 0; pair < pairs; pair++) {
                    forward.row(group, 2 * pair, upper, rowBytes);
                    forward.row(group, 2 * pair + 1, lower, rowBytes);
                    for (int o = 0; o < size.outputs(); o++) {
                        long row = (long) (group * size.outputs() + o) * pairs + pair;
                        maxPairs.load(upper, lower, o * rowBytes);
                        maxPairs.store(y, places, row);
                    }
                }
            }
        };
    }

    /** gradient (out, row) × unrolled xᵀ (row, taps), summed over rows; the bias's from rows of ones. */
    Kernel weightGradient(ConvolutionOp.Conv2dWeightGradient op, List<Tensor> results) {
        ConvolutionSize size =
                ConvolutionSize.of(op.x().shape(), results.get(0).shape().size(0), op.window(), op.groups());
        Convolvable x = Convolvable.of(op.x(), memory, matrices);
        Convolvable gradient = Convolvable.of(op.gradient(), memory, matrices);
        UnrolledRows unrolled = new UnrolledRows(size, x, true, memory.arena());
        MemorySegment[] rows = rows(size, gradient.memory(), gradient.type().byteSize());
        Product product = matrices.product(new ProductSize(
                x.type(),
                size.outputs(),
                size.rowElements(),
                unrolled.rows(),
                new ProductSize.Factor(size.outputHeight() * size.rowElements(), false),
                new ProductSize.Factor(size.rowElements(), true),
                unrolled.rows()));
        int outputs = size.groups() * size.outputs();
        MemorySegment sums = memory.arena().allocate((long) outputs * unrolled.rows() * Float.BYTES, Long.BYTES * 8);
        MemorySegment[] groups = new MemorySegment[size.groups()];
        for (int group = 0; group < groups.length; group++) {
            groups[group] = sums.asSlice((long) group * size.outputs() * unrolled.rows() * Float.BYTES);
        }
        int[] indices = PackedWeights.packedIndices(size, unrolled.blockRows());
        float[] packed = new float[outputs * unrolled.rows()];
        float[] weights = new float[indices.length];
        float[] biases = new float[outputs];
        MemorySegment weight = memory.of(results.get(0));
        MemorySegment bias = memory.of(results.get(1));
        return () -> {
            x.prepare().run();
            gradient.prepare().run();
            for (int group = 0; group < groups.length; group++) {
                unrolled.restart(group);
                for (int row = 0; row < size.outputHeight(); row++) {
                    product.multiply(
                            rows[group * size.outputHeight() + row], unrolled.forRow(row), groups[group], row > 0);
                }
            }
            MemorySegment.copy(sums, JAVA_FLOAT_UNALIGNED, 0, packed, 0, packed.length);
            for (int i = 0; i < weights.length; i++) {
                weights[i] = packed[indices[i]];
            }
            for (int o = 0; o < biases.length; o++) {
                biases[o] = packed[o * unrolled.rows() + size.rowTaps()];
            }
            MemorySegment.copy(weights, 0, weight, JAVA_FLOAT_UNALIGNED, 0, weights.length);
            MemorySegment.copy(biases, 0, bias, JAVA_FLOAT_UNALIGNED, 0, biases.length);
        };
    }

    /** weightᵀ (taps, out) × gradient (out, row), of which each row is added to where its tap saw x. */
    Kernel inputGradient(ConvolutionOp.Conv2dInputGradient op, Tensor result) {
        ConvolutionSize size =
                ConvolutionSize.of(result.shape(), op.weight().shape().size(0), op.window(), op.groups());
        Convolvable gradient = Convolvable.of(op.gradient(), memory, matrices);
        Convolvable weight = Convolvable.of(op.weight(), memory, matrices);
        PackedWeights packed = new PackedWeights(size, weight.type().byteSize(), memory.arena());
        MemorySegment[] rows = rows(size, gradient.memory(), gradient.type().byteSize());
        Product product = matrices.product(new ProductSize(
                weight.type(),
                size.taps(),
                size.outputs(),
                size.rowElements(),
                new ProductSize.Factor(size.taps(), true),
                new ProductSize.Factor(size.outputHeight() * size.rowElements(), false),
                size.rowElements()));
        MemorySegment parts =
                memory.arena().allocate((long) size.taps() * size.rowElements() * Float.BYTES, Long.BYTES * 8);
        RowSums sums = new RowSums(size, memory.of(result));
        return () -> {
            gradient.prepare().run();
            weight.prepare().run();
            packed.load(weight.memory());
            for (int group = 0; group < size.groups(); group++) {
                sums.restart(group);
                for (int row = 0; row < size.outputHeight(); row++) {
                    product.multiply(packed.of(group), rows[group * size.outputHeight() + row], parts, false);
                    sums.add(row, parts);
                }
                sums.finish();
            }
        };
    }

    /** From each row of each group's first channel on. */
    private static MemorySegment[] rows(ConvolutionSize size, MemorySegment images, int elementBytes) {
        MemorySegment[] rows = new MemorySegment[size.groups() * size.outputHeight()];
        long rowBytes = (long) size.rowElements() * elementBytes;
        for (int i = 0; i < rows.length; i++) {
            long group = i / size.outputHeight();
            long row = i % size.outputHeight();
            rows[i] = images.asSlice((group * size.outputs() * size.outputHeight() + row) * rowBytes);
        }
        return rows;
    }
}
