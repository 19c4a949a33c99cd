package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * oneDNN primitives, created once with all their arguments. Everything they need lives in the program's arena. Where oneDNN has no products
 * of an element type on this processor (f16, and bf16 before AVX-512), operands are converted to f32 first.
 */
final class OneDnnKernels implements MatrixKernels {
    /** Columns of a right operand that is worth packing for one product. */
    private static final int NARROW = 512;
    /** Rows of a left operand whose product is worth packing the right one for. */
    private static final int TALL = 512;

    private final ProgramMemory memory;
    private final int threads;
    private final MemorySegment engine;
    private final PortableKernels portable;
    private final OneDnnProducts products;
    private final boolean computesBf16;

    /** @param computesBf16 what {@link OneDnnMatMul#computesBf16} says of this processor */
    OneDnnKernels(ProgramMemory memory, MemorySegment engine, int threads, boolean computesBf16) {
        this.memory = memory;
        this.threads = threads;
        this.engine = engine;
        this.portable = new PortableKernels(memory);
        this.products = new OneDnnProducts(engine, OneDnn.stream(engine, memory.arena()), memory);
        this.computesBf16 = computesBf16;
        OneDnn.useThreads(threads);
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
    public Product product(Strided left, Strided right, Strided result, List<ProductStep> steps) {
        return new OneDnnStepProducts(products).product(left, right, result, steps);
    }

    @Override
    public RepeatedProduct repeatedProduct(
            Strided left, Strided right, Strided result, Addend addend, Scratch forCopies) {
        return products.repeated(left, right, result, addend, forCopies);
    }

    @Override
    public Kernel affine(Strided left, Strided right, Optional<MemorySegment> bias, Strided result, Scratch forCopies) {
        if (bias.isEmpty() && right.strides().getLast() == 1 && isWorthPacking(left, right)) {
            RepeatedProduct product = products.repeated(left, right, result, new Addend.None(), forCopies);
            return () -> {
                product.pack().run();
                product.product().run();
            };
        }
        Optional<Strided> row = bias.map(memory -> Strided.matrix(memory, ElementType.F32, 1, result.columns()));
        Product product = products.product(left, right, row, result, false);
        return product::run;
    }

    /**
     * Where the left operand is transposed, as for the gradients of weights, packing the right one pays: 5 % of the time if it is narrow enough to
     * be packed in 1 %. In bf16, which products read by pairs of rows, it pays for all left operands with many rows: 3 % for 1 %.
     *
     * @param right not transposed
     */
    private static boolean isWorthPacking(Strided left, Strided right) {
        boolean transposed = left.strides().getLast() != 1;
        return transposed
                ? right.columns() <= NARROW && left.rows() >= right.columns()
                : right.type() == ElementType.BF16 && left.rows() >= TALL;
    }

    @Override
    public Kernel cast(ElementwiseOp.Cast op, Tensor result) {
        return isOneDnns(op.x().type(), result.type())
                ? convert(memory.of(op.x()), op.x().type(), memory.of(result), result.type())
                : portable.cast(op, result);
    }

    @Override
    public Kernel add(ElementwiseOp.Add op, Tensor result) {
        MemorySegment left = memory.of(op.left());
        MemorySegment right = memory.of(op.right());
        MemorySegment sum = memory.of(result);
        OneDnnElementwise elementwise = new OneDnnElementwise(products);
        return right.address() == sum.address() ? elementwise.add(right, left, sum) : elementwise.add(left, right, sum);
    }

    @Override
    public Kernel layerNorm(NormalizationOp.LayerNorm op, List<Tensor> results) {
        return new OneDnnLayerNorm(engine, products, memory).forward(op, results);
    }

    @Override
    public Kernel layerNormGradient(NormalizationOp.LayerNormGradient op, List<Tensor> results) {
        return new OneDnnLayerNorm(engine, products, memory).gradient(op, results);
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
            return copy(
                    from,
                    OneDnn.layout(OneDnnProducts.dataType(fromType), size, List.of(1L), local),
                    to,
                    OneDnn.layout(OneDnnProducts.dataType(toType), size, List.of(1L), local));
        }
    }

    /** A copy between layouts. It moves bits, so that f16, for which oneDNN has no fast one, goes as bf16. */
    @Override
    public Kernel transposition(ElementType type, int rows, int columns, MemorySegment from, MemorySegment to) {
        int dataType = OneDnnProducts.dataType(type == ElementType.F16 ? ElementType.BF16 : type);
        long matrix = (long) rows * columns;
        List<Long> sizes = List.of(from.byteSize() / (matrix * type.byteSize()), (long) rows, (long) columns);
        try (Arena local = Arena.ofConfined()) {
            return copy(
                    from,
                    OneDnn.layout(dataType, sizes, List.of(matrix, (long) columns, 1L), local),
                    to,
                    OneDnn.layout(dataType, sizes, List.of(matrix, 1L, (long) rows), local));
        }
    }

    private Kernel copy(MemorySegment from, MemorySegment source, MemorySegment to, MemorySegment target) {
        try (Arena local = Arena.ofConfined()) {
            OneDnnArguments arguments = new OneDnnArguments(memory.arena());
            arguments.add(OneDnnArguments.SOURCE, OneDnn.memory(source, engine, from, memory.arena()));
            arguments.add(OneDnnArguments.DESTINATION, OneDnn.memory(target, engine, to, memory.arena()));
            return products.bind(
                    "copy of " + from.byteSize() + " bytes",
                    OneDnn.reorder(engine, source, target, OneDnn.attributes(local), local),
                    arguments);
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
}
