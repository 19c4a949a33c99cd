package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * oneDNN primitives, created once with all their arguments. Everything they need lives in the program's arena. Where oneDNN has no products
 * of an element type on this processor (f16, and bf16 before AVX-512), operands are converted to f32 first.
 */
final class OneDnnKernels implements MatrixKernels {
    private static final Logger log = LoggerFactory.getLogger(OneDnnKernels.class);

    /** Columns of a right operand that is worth packing for one product. */
    private static final int NARROW = 512;

    private final ProgramMemory memory;
    private final int threads;
    private final MemorySegment engine;
    private final PortableKernels portable;
    private final OneDnnProducts products;
    private final Scratch scratch;
    private final boolean computesBf16;

    OneDnnKernels(ProgramMemory memory, MemorySegment engine, int threads) {
        this.memory = memory;
        this.threads = threads;
        this.engine = engine;
        this.scratch = new Scratch(memory.arena());
        this.portable = new PortableKernels(memory);
        this.products = new OneDnnProducts(engine, OneDnn.stream(engine, memory.arena()), memory);
        OneDnn.useThreads(threads);
        this.computesBf16 = hasProductsOfBf16();
    }

    private boolean hasProductsOfBf16() {
        MemorySegment bytes = scratch.take(ElementType.F32, 64);
        Strided operand = Strided.matrix(bytes, ElementType.BF16, 8, 8);
        try {
            product(operand, operand, Strided.matrix(bytes, ElementType.F32, 8, 8), false);
            return true;
        } catch (UnsupportedOperationException e) {
            log.info("products of bf16 are computed in f32: {}", e.getMessage());
            return false;
        }
    }

    @Override
    public Kernel prologue() {
        return () -> OneDnn.useThreads(threads);
    }

    @Override
    public ElementType computed(ElementType type) {
        return switch (type) {
            case BF16 -> computesBf16 ? ElementType.BF16 : ElementType.F32;
            case F32, F16, I32 -> ElementType.F32;
        };
    }

    @Override
    public Product product(Strided left, Strided right, Strided result, boolean adding) {
        return products.product(left, right, Optional.empty(), result, adding);
    }

    @Override
    public RepeatedProduct repeatedProduct(Strided left, Strided right, Strided result, Scratch forCopies) {
        return products.repeated(left, right, result, forCopies);
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
        Strided bias = Strided.matrix(
                memory.of(op.bias()), ElementType.F32, 1, op.bias().elementCount());
        return product(new Factor(op.x(), false), new Factor(op.weight(), true), Optional.of(bias), result);
    }

    private record Factor(Tensor tensor, boolean transposed) {
        Strided in(MemorySegment segment, ElementType type) {
            Strided matrix = Strided.matrix(
                    segment, type, tensor.shape().size(0), tensor.shape().size(1));
            return transposed ? matrix.transposed() : matrix;
        }
    }

    private Kernel product(Factor left, Factor right, Optional<Strided> bias, Tensor result) {
        Converted x = readable(memory.of(left.tensor), left.tensor.type(), scratch);
        Converted weight = readable(memory.of(right.tensor), right.tensor.type(), scratch);
        boolean direct = result.type() == ElementType.F32 || result.type() == x.type();
        MemorySegment sums = direct ? memory.of(result) : scratch.take(ElementType.F32, result.elementCount());
        ElementType type = direct ? result.type() : ElementType.F32;
        Kernel product = product(
                left.in(x.memory(), x.type()),
                right.in(weight.memory(), weight.type()),
                bias,
                new Factor(result, false).in(sums, type));
        Kernel rounding = direct ? () -> {} : convert(sums, type, memory.of(result), result.type());
        return () -> {
            x.load().run();
            weight.load().run();
            product.run();
            rounding.run();
        };
    }

    /**
     * Where the left operand is transposed, as for the gradients of weights, packing the right one pays: 5 % of the time if it is narrow enough to
     * be packed in 1 %.
     */
    private Kernel product(Strided left, Strided right, Optional<Strided> bias, Strided result) {
        boolean transposed = left.strides().getLast() != 1 && right.strides().getLast() == 1;
        if (transposed && bias.isEmpty() && right.columns() <= NARROW && left.rows() >= right.columns()) {
            RepeatedProduct product = products.repeated(left, right, result, scratch);
            return () -> {
                product.pack().run();
                product.product().run();
            };
        }
        Product product = products.product(left, right, bias, result, false);
        return product::run;
    }

    @Override
    public Kernel cast(ElementwiseOp.Cast op, Tensor result) {
        return isOneDnns(op.x().type(), result.type())
                ? convert(memory.of(op.x()), op.x().type(), memory.of(result), result.type())
                : portable.cast(op, result);
    }

    @Override
    public Kernel convert(MemorySegment from, ElementType fromType, MemorySegment to, ElementType toType) {
        return isOneDnns(fromType, toType)
                ? reorder(from, fromType, to, toType)
                : portable.convert(from, fromType, to, toType);
    }

    private boolean isOneDnns(ElementType from, ElementType to) {
        return computesBf16 && from != ElementType.F16 && to != ElementType.F16;
    }

    private Kernel reorder(MemorySegment from, ElementType fromType, MemorySegment to, ElementType toType) {
        try (Arena local = Arena.ofConfined()) {
            List<Long> size = List.of(from.byteSize() / fromType.byteSize());
            MemorySegment source = OneDnn.layout(OneDnnProducts.dataType(fromType), size, List.of(1L), local);
            MemorySegment target = OneDnn.layout(OneDnnProducts.dataType(toType), size, List.of(1L), local);
            OneDnnArguments arguments = new OneDnnArguments(memory, engine);
            arguments.add(OneDnnArguments.SOURCE, OneDnn.memory(source, engine, from, memory.arena()));
            arguments.add(OneDnnArguments.DESTINATION, OneDnn.memory(target, engine, to, memory.arena()));
            return products.bind(OneDnn.reorder(engine, source, target, OneDnn.attributes(local), local), arguments);
        }
    }

    /** A copy between layouts. It moves bits, so that f16, for which oneDNN has no fast one, goes as bf16. */
    @Override
    public Kernel transposition(ElementType type, int rows, int columns, MemorySegment from, MemorySegment to) {
        int dataType = OneDnnProducts.dataType(type == ElementType.F16 ? ElementType.BF16 : type);
        long matrix = (long) rows * columns;
        List<Long> sizes = List.of(from.byteSize() / (matrix * type.byteSize()), (long) rows, (long) columns);
        try (Arena local = Arena.ofConfined()) {
            MemorySegment source = OneDnn.layout(dataType, sizes, List.of(matrix, (long) columns, 1L), local);
            MemorySegment target = OneDnn.layout(dataType, sizes, List.of(matrix, 1L, (long) rows), local);
            MemorySegment description = OneDnn.reorder(engine, source, target, OneDnn.attributes(local), local);
            OneDnnArguments arguments = new OneDnnArguments(memory, engine);
            arguments.add(OneDnnArguments.SOURCE, OneDnn.memory(source, engine, from, memory.arena()));
            arguments.add(OneDnnArguments.DESTINATION, OneDnn.memory(target, engine, to, memory.arena()));
            return products.bind(description, arguments);
        }
    }

    @Override
    public boolean multiplies(ElementType type) {
        return OneDnnGemm.multiplies(type);
    }

    @Override
    public Gemm gemm(GemmSize size) {
        return new OneDnnGemm(size);
    }

    /** A tensor as an argument sees it. */
    record Operand(Tensor tensor, List<Long> sizes, List<Long> strides) {
        MemorySegment layout(Arena arena) {
            return OneDnn.layout(OneDnnProducts.dataType(tensor.type()), sizes, strides, arena);
        }
    }
}
