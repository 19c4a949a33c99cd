package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;

/** Matrix products in Java, on one thread: operands are unpacked to f32 rows on the heap, allocated once. */
final class PortableKernels implements MatrixKernels {
    private final ProgramMemory memory;

    PortableKernels(ProgramMemory memory) {
        this.memory = memory;
    }

    @Override
    public Kernel prologue() {
        return () -> {};
    }

    @Override
    public Kernel matMul(MatrixOp.MatMul op, Tensor result) {
        PackedMatrix left = packed(op.left(), op.transposeLeft());
        PackedMatrix right = packed(op.right(), op.transposeRight());
        PackedMatrix y = packed(result, false);
        return () -> {
            left.load();
            right.load();
            y.product(left, right);
            y.store();
        };
    }

    @Override
    public Kernel dense(MatrixOp.Dense op, Tensor result) {
        PackedMatrix x = packed(op.x(), false);
        PackedMatrix weight = packed(op.weight(), true);
        PackedMatrix y = packed(result, false);
        Rows bias = new Rows(memory.of(op.bias()), result.shape().size(1));
        float[] biasRow = bias.newRow();
        return () -> {
            x.load();
            weight.load();
            y.product(x, weight);
            bias.load(0, biasRow);
            y.addToRows(biasRow);
            y.store();
        };
    }

    @Override
    public Kernel cast(ElementwiseOp.Cast op, Tensor result) {
        Values x = memory.values(op.x());
        Values y = memory.values(result);
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, x.get(i));
            }
        };
    }

    @Override
    public Kernel transposition(ElementType type, int rows, int columns, MemorySegment from, MemorySegment to) {
        return new MatrixTransposition(rows, columns, type.byteSize()).bind(from, to);
    }

    @Override
    public boolean multiplies(ElementType type) {
        return type == ElementType.F32;
    }

    @Override
    public Gemm gemm(GemmSize size) {
        return new PortableGemm(size);
    }

    private PackedMatrix packed(Tensor tensor, boolean transposed) {
        return new PackedMatrix(memory.values(tensor), tensor.shape(), transposed);
    }
}
