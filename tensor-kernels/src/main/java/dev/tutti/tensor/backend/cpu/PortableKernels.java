package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;

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
    public Kernel matMul(Op.MatMul op, Tensor result) {
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
    public Kernel dense(Op.Dense op, Tensor result) {
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
    public Kernel cast(Op.Cast op, Tensor result) {
        Values x = new Values(memory.of(op.x()), op.x().type());
        Values y = new Values(memory.of(result), result.type());
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, x.get(i));
            }
        };
    }

    private PackedMatrix packed(Tensor tensor, boolean transposed) {
        return new PackedMatrix(new Values(memory.of(tensor), tensor.type()), tensor.shape(), transposed);
    }
}
