package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** Matrix products in Java, on one thread, in f32: operands are unpacked to rows on the heap, allocated once. */
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
    public ElementType computed(ElementType type) {
        return ElementType.F32;
    }

    @Override
    public Product product(Strided left, Strided right, Strided result, boolean adding) {
        PackedMatrix a = new PackedMatrix(left);
        PackedMatrix b = new PackedMatrix(right);
        PackedMatrix y = new PackedMatrix(result);
        long leftBytes = left.byteDistance();
        long rightBytes = right.byteDistance();
        long resultBytes = result.byteDistance();
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

    @Override
    public Product product(Strided left, Strided right, Strided result, List<ProductStep> steps) {
        Product product = product(left, right, result, false);
        Kernel following = new ProductStepLoops(steps, result);
        return (leftOffset, rightOffset, resultOffset) -> {
            product.run(leftOffset, rightOffset, resultOffset);
            following.run();
        };
    }

    @Override
    public RepeatedProduct repeatedProduct(
            Strided left, Strided right, Strided result, Addend addend, Scratch forCopies) {
        PackedMatrix a = new PackedMatrix(left);
        PackedMatrix b = new PackedMatrix(right);
        PackedMatrix y = new PackedMatrix(result);
        float[] row = new float[result.columns()];
        Kernel loadRow = loading(addend, row);
        Kernel pack = () -> {
            b.load(0);
            loadRow.run();
        };
        boolean adding = addend instanceof Addend.Result;
        return new RepeatedProduct(pack, (leftOffset, _, resultOffset) -> {
            a.load(leftOffset);
            if (adding) {
                y.load(resultOffset);
            } else {
                y.fillRows(row);
            }
            y.addProduct(a, b);
            y.store(resultOffset);
        });
    }

    private static Kernel loading(Addend addend, float[] row) {
        if (!(addend instanceof Addend.Row(var memory))) {
            return () -> {};
        }
        Rows rows = new Rows(memory, row.length);
        return () -> rows.load(0, row);
    }

    @Override
    public Kernel affine(Strided left, Strided right, Optional<MemorySegment> bias, Strided result, Scratch forCopies) {
        PackedMatrix a = new PackedMatrix(left);
        PackedMatrix b = new PackedMatrix(right);
        PackedMatrix y = new PackedMatrix(result);
        Optional<Rows> biasRows = bias.map(row -> new Rows(row, result.columns()));
        float[] biasRow = new float[result.columns()];
        return () -> {
            a.load(0);
            b.load(0);
            y.clear();
            y.addProduct(a, b);
            if (biasRows.isPresent()) {
                biasRows.get().load(0, biasRow);
                y.addToRows(biasRow);
            }
            y.store(0);
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
    public Kernel add(ElementwiseOp.Add op, Tensor result) {
        return new ElementwiseKernels(memory).add(op, result);
    }

    @Override
    public Kernel layerNorm(NormalizationOp.LayerNorm op, List<Tensor> results) {
        return new NormalizationKernels(memory).layerNorm(op, results);
    }

    @Override
    public Kernel layerNormGradient(NormalizationOp.LayerNormGradient op, List<Tensor> results) {
        return new LayerNormGradientKernel(memory, op, results);
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
