package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.cpu.MatrixKernels.Converted;
import dev.tutti.tensor.graph.BFloat16;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Products of a graph's matrices: operands are converted to what the products read, and the result to what is asked for. */
record AffineKernels(ProgramMemory memory, MatrixKernels matrices, Scratch scratch) {
    Kernel matMul(MatrixOp.MatMul op, Tensor result) {
        return product(
                new Factor(op.left(), op.transposeLeft()),
                new Factor(op.right(), op.transposeRight()),
                Optional.empty(),
                result);
    }

    Kernel matMul(MatrixOp.RoundedMatMul op, Tensor result) {
        return product(
                new Factor(op.left(), op.transposeLeft()),
                new Factor(op.right(), op.transposeRight()),
                Optional.empty(),
                result);
    }

    /** x · weightᵀ + bias, without the activation. */
    Kernel dense(MatrixOp.Dense op, Tensor result) {
        return product(
                new Factor(op.x(), false), new Factor(op.weight(), true), Optional.of(memory.of(op.bias())), result);
    }

    /** A row of ones · x where products read bf16: faster than to widen it. */
    Kernel columnSum(MatrixOp.ColumnSum op, Tensor result) {
        scratch.forNextKernel();
        MemorySegment x = memory.of(op.x());
        ElementType type = op.x().type();
        if (type != ElementType.BF16 || matrices.computed(type) != type) {
            Converted wide = matrices.widened(new Converted(x, type, () -> {}), scratch);
            Kernel sum = new ElementwiseKernels(memory).columnSum(wide.memory(), result);
            return () -> {
                wide.load().run();
                sum.run();
            };
        }
        long columns = result.elementCount();
        long rows = op.x().elementCount() / columns;
        Product product = matrices.product(
                Strided.matrix(ones(rows), type, 1, rows),
                Strided.matrix(x, type, rows, columns),
                Strided.matrix(memory.of(result), ElementType.F32, 1, columns),
                false);
        return product::run;
    }

    private MemorySegment ones(long count) {
        MemorySegment ones = memory.arena().allocate(count * Short.BYTES, MemoryPlan.ALIGNMENT);
        for (long i = 0; i < count; i++) {
            ones.set(JAVA_SHORT, i * Short.BYTES, BFloat16.fromFloat(1));
        }
        return ones;
    }

    private record Factor(Tensor tensor, boolean transposed) {
        Strided in(MemorySegment segment, ElementType type) {
            Strided matrix = Strided.matrix(
                    segment, type, tensor.shape().size(0), tensor.shape().size(1));
            return transposed ? matrix.transposed() : matrix;
        }
    }

    private Kernel product(Factor left, Factor right, Optional<MemorySegment> bias, Tensor result) {
        scratch.forNextKernel();
        Converted x = matrices.readable(memory.of(left.tensor), left.tensor.type(), scratch);
        Converted weight = matrices.readable(memory.of(right.tensor), right.tensor.type(), scratch);
        boolean direct = result.type() == ElementType.F32 || result.type() == x.type();
        MemorySegment sums = direct ? memory.of(result) : scratch.take(ElementType.F32, result.elementCount());
        ElementType type = direct ? result.type() : ElementType.F32;
        Kernel product = matrices.affine(
                left.in(x.memory(), x.type()),
                right.in(weight.memory(), weight.type()),
                bias,
                new Factor(result, false).in(sums, type),
                scratch);
        Kernel rounding = direct ? () -> {} : matrices.convert(sums, type, memory.of(result), result.type());
        return () -> {
            x.load().run();
            weight.load().run();
            product.run();
            rounding.run();
        };
    }
}
