package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MemoryPlan;
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

    /** weight (out, taps) × unrolled x (taps, row), with the bias as the factor of rows of ones. */
    private final class Forward {
        final ConvolutionSize size;
        private final Convolvable x;
        private final Convolvable weight;
        private final MemorySegment bias;
        private final PackedWeights packed;
        private final UnrolledRows unrolled;
        private final int[] ones;
        private final Gemm product;

        /** @param resultStride elements from a channel's row to the next channel's */
        Forward(ConvolutionSize size, Tensor x, Tensor weight, Tensor bias, int resultStride) {
            this.size = size;
            this.x = Convolvable.of(x, memory, matrices);
            this.weight = Convolvable.of(weight, memory, matrices);
            this.bias = memory.of(bias);
            this.unrolled = new UnrolledRows(size, this.x, memory.arena());
            this.ones = unrolled.ones();
            this.packed =
                    PackedWeights.rows(size, this.x.type(), UnrolledRows.ones(size, this.x.type()), memory.arena());
            this.product = matrices.gemm(new GemmSize(
                    this.x.type(),
                    size.outputs(),
                    unrolled.rows(),
                    size.rowElements(),
                    new GemmSize.Factor(unrolled.rows(), false),
                    new GemmSize.Factor(size.rowElements(), false),
                    resultStride));
        }

        void prepare() {
            x.prepare().run();
            weight.prepare().run();
            packed.load(weight.memory());
            packed.addBias(bias, size.groups() * size.outputs(), ones);
        }

        void restart(int group) {
            unrolled.restart(group);
        }

        void row(int group, int row, MemorySegment result) {
            product.multiply(packed.matrix(group), unrolled.forRow(row), result, false);
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
                    forward.row(group, row, rows[group * size.outputHeight() + row]);
                }
            }
        };
    }

    Kernel forwardMaxPool(ConvolutionOp.Conv2dMaxPool op, List<Tensor> results) {
        ConvolutionSize size =
                ConvolutionSize.of(op.x().shape(), op.weight().shape().size(0), op.window(), op.groups());
        Forward forward = new Forward(size, op.x(), op.weight(), op.bias(), size.rowElements());
        long rowBytes = (long) size.rowElements() * Float.BYTES;
        MemorySegment upper = memory.arena().allocate(rowBytes * size.outputs(), MemoryPlan.ALIGNMENT);
        MemorySegment lower = memory.arena().allocate(rowBytes * size.outputs(), MemoryPlan.ALIGNMENT);
        MemorySegment y = memory.of(results.get(0));
        MemorySegment places = memory.of(results.get(1));
        int pairs = size.outputHeight() / 2;
        MaxPairs maxPairs = new MaxPairs(size.outputWidth(), size.samples());
        return () -> {
            forward.prepare();
            for (int group = 0; group < size.groups(); group++) {
                forward.restart(group);
                for (int pair = 0; pair < pairs; pair++) {
                    forward.row(group, 2 * pair, upper);
                    forward.row(group, 2 * pair + 1, lower);
                    for (int o = 0; o < size.outputs(); o++) {
                        long row = (long) (group * size.outputs() + o) * pairs + pair;
                        maxPairs.load(upper, lower, o * rowBytes);
                        maxPairs.store(y, places, row);
                    }
                }
            }
        };
    }

    /** gradient (out, row) × unrolled xᵀ (row, taps), or its transpose, summed over rows; the bias's from rows of ones. */
    Kernel weightGradient(ConvolutionOp.Conv2dWeightGradient op, List<Tensor> results) {
        ConvolutionSize size =
                ConvolutionSize.of(op.x().shape(), results.get(0).shape().size(0), op.window(), op.groups());
        Convolvable x = Convolvable.of(op.x(), memory, matrices);
        Convolvable gradient = Convolvable.of(op.gradient(), memory, matrices);
        UnrolledRows unrolled = new UnrolledRows(size, x, memory.arena());
        MemorySegment[] rows = rows(size, gradient.memory(), gradient.type().byteSize());
        WeightSums sums = new WeightSums(size, unrolled, x.type(), matrices, memory.arena());
        MemorySegment weight = memory.of(results.get(0));
        MemorySegment bias = memory.of(results.get(1));
        return () -> {
            x.prepare().run();
            gradient.prepare().run();
            for (int group = 0; group < size.groups(); group++) {
                unrolled.restart(group);
                for (int row = 0; row < size.outputHeight(); row++) {
                    sums.add(group, row, rows[group * size.outputHeight() + row], unrolled.forRow(row));
                }
            }
            sums.store(weight, bias);
        };
    }

    Kernel inputGradient(ConvolutionOp.Conv2dInputGradient op, Tensor result) {
        ConvolutionSize size =
                ConvolutionSize.of(result.shape(), op.weight().shape().size(0), op.window(), op.groups());
        Convolvable gradient = Convolvable.of(op.gradient(), memory, matrices);
        Convolvable weight = Convolvable.of(op.weight(), memory, matrices);
        MemorySegment[] rows = rows(size, gradient.memory(), gradient.type().byteSize());
        return op.window().strideWidth() == 1
                ? sumsInPlace(size, gradient, weight, rows, memory.of(result))
                : sumsOfRows(size, gradient, weight, rows, memory.of(result));
    }

    /** weightᵀ of a window's column (height · in, out) × gradient (out, row), added to the pixels that lie so many columns to the right. */
    private Kernel sumsInPlace(
            ConvolutionSize size,
            Convolvable gradient,
            Convolvable weight,
            MemorySegment[] rows,
            MemorySegment result) {
        PackedWeights packed = PackedWeights.columns(size, weight.type(), memory.arena());
        PaddedRows padded = new PaddedRows(size, memory.arena());
        int windowWidth = size.window().width();
        Gemm product = matrices.gemm(new GemmSize(
                weight.type(),
                size.window().height() * size.inputs(),
                size.outputs(),
                size.rowElements(),
                new GemmSize.Factor(size.outputs(), false),
                new GemmSize.Factor(size.outputHeight() * size.rowElements(), false),
                padded.rowElements()));
        return () -> {
            gradient.prepare().run();
            weight.prepare().run();
            packed.load(weight.memory());
            for (int group = 0; group < size.groups(); group++) {
                padded.clear();
                for (int row = 0; row < size.outputHeight(); row++) {
                    for (int column = 0; column < windowWidth; column++) {
                        MemorySegment factor = packed.matrix(group * windowWidth + column);
                        MemorySegment from = rows[group * size.outputHeight() + row];
                        product.multiply(factor, from, padded.from(row, column), true);
                    }
                }
                padded.store(result, group);
            }
        };
    }

    /** weightᵀ (taps, out) × gradient (out, row), of which each row is added to where its tap saw x. */
    private Kernel sumsOfRows(
            ConvolutionSize size,
            Convolvable gradient,
            Convolvable weight,
            MemorySegment[] rows,
            MemorySegment result) {
        PackedWeights packed = PackedWeights.rows(size, weight.type(), 0, memory.arena());
        Gemm product = matrices.gemm(new GemmSize(
                weight.type(),
                size.taps(),
                size.outputs(),
                size.rowElements(),
                new GemmSize.Factor(size.taps(), true),
                new GemmSize.Factor(size.outputHeight() * size.rowElements(), false),
                size.rowElements()));
        MemorySegment parts =
                memory.arena().allocate((long) size.taps() * size.rowElements() * Float.BYTES, MemoryPlan.ALIGNMENT);
        RowSums sums = new RowSums(size, result);
        return () -> {
            gradient.prepare().run();
            weight.prepare().run();
            packed.load(weight.memory());
            for (int group = 0; group < size.groups(); group++) {
                sums.restart(group);
                for (int row = 0; row < size.outputHeight(); row++) {
                    product.multiply(packed.matrix(group), rows[group * size.outputHeight() + row], parts, false);
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
