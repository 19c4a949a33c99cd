package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Matrix products in Java, on one thread, in f32: operands are unpacked to rows on the heap, allocated once. */
final class PortableKernels implements MatrixKernels {
    private final ProgramMemory memory;
    private final Scratch scratch;

    PortableKernels(ProgramMemory memory) {
        this.memory = memory;
        this.scratch = new Scratch(memory.arena());
    }

    @Override
    public Kernel prologue() {
        return () -> {};
    }

    @Override
    public ElementType computed(ElementType type) {
        return ElementType.F32;
    }

    @Override
    public Product product(Strided left, Strided right, Strided result, boolean adding) {
        PackedMatrix a = new PackedMatrix(left);
        PackedMatrix b = new PackedMatrix(right);
        PackedMatrix y = new PackedMatrix(result);
        long leftBytes = batchBytes(left);
        long rightBytes = batchBytes(right);
        long resultBytes = batchBytes(result);
        return (leftOffset, rightOffset, resultOffset) -> {
            for (int i = 0; i < result.count(); i++) {
                a.load(leftOffset + i * leftBytes);
                b.load(rightOffset + i * rightBytes);
                long to = resultOffset + i * resultBytes;
                if (adding) {
                    y.load(to);
                } else {
                    y.clear();
                }
                y.addProduct(a, b);
                y.store(to);
            }
        };
    }

    private static long batchBytes(Strided matrices) {
        return matrices.sizes().size() == 2 ? 0 : matrices.strides().getFirst() * Float.BYTES;
    }

    @Override
    public RepeatedProduct repeatedProduct(Strided left, Strided right, Strided result, Scratch forCopies) {
        PackedMatrix a = new PackedMatrix(left);
        PackedMatrix b = new PackedMatrix(right);
        PackedMatrix y = new PackedMatrix(result);
        return new RepeatedProduct(() -> b.load(0), (leftOffset, _, resultOffset) -> {
            a.load(leftOffset);
            y.clear();
            y.addProduct(a, b);
            y.store(resultOffset);
        });
    }

    @Override
    public Kernel matMul(MatrixOp.MatMul op, Tensor result) {
        scratch.forNextKernel();
        return product(
                new Factor(op.left(), op.transposeLeft()),
                new Factor(op.right(), op.transposeRight()),
                Optional.empty(),
                result);
    }

    @Override
    public Kernel dense(MatrixOp.Dense op, Tensor result) {
        scratch.forNextKernel();
        Rows bias = new Rows(memory.of(op.bias()), result.shape().size(1));
        return product(new Factor(op.x(), false), new Factor(op.weight(), true), Optional.of(bias), result);
    }

    private record Factor(Tensor tensor, boolean transposed) {
        Strided in(MemorySegment segment) {
            Strided matrix = Strided.matrix(
                    segment,
                    ElementType.F32,
                    tensor.shape().size(0),
                    tensor.shape().size(1));
            return transposed ? matrix.transposed() : matrix;
        }
    }

    private Kernel product(Factor left, Factor right, Optional<Rows> bias, Tensor result) {
        Converted x = readable(memory.of(left.tensor), left.tensor.type(), scratch);
        Converted weight = readable(memory.of(right.tensor), right.tensor.type(), scratch);
        PackedMatrix a = new PackedMatrix(left.in(x.memory()));
        PackedMatrix b = new PackedMatrix(right.in(weight.memory()));
        boolean direct = result.type() == ElementType.F32;
        MemorySegment sums = direct ? memory.of(result) : scratch.take(ElementType.F32, result.elementCount());
        PackedMatrix y = new PackedMatrix(new Factor(result, false).in(sums));
        float[] biasRow = new float[result.shape().size(1)];
        Kernel rounding = direct ? () -> {} : convert(sums, ElementType.F32, memory.of(result), result.type());
        return () -> {
            x.load().run();
            weight.load().run();
            a.load(0);
            b.load(0);
            y.clear();
            y.addProduct(a, b);
            if (bias.isPresent()) {
                bias.get().load(0, biasRow);
                y.addToRows(biasRow);
            }
            y.store(0);
            rounding.run();
        };
    }

    @Override
    public Kernel cast(ElementwiseOp.Cast op, Tensor result) {
        if (op.x().type() == ElementType.F32 ^ result.type() == ElementType.F32) {
            return convert(memory.of(op.x()), op.x().type(), memory.of(result), result.type());
        }
        Values x = memory.values(op.x());
        Values y = memory.values(result);
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, x.get(i));
            }
        };
    }

    @Override
    public Kernel convert(MemorySegment from, ElementType fromType, MemorySegment to, ElementType toType) {
        return Conversions.of(from, fromType, to, toType);
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
}
