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
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * oneDNN primitives, created once with all their arguments. Everything they need lives in the program's arena. Where oneDNN has no primitive
 * for a pair of element types on this processor (bf16 before AVX-512), the portable kernel stands in.
 */
final class OneDnnKernels implements MatrixKernels {
    private static final Logger log = LoggerFactory.getLogger(OneDnnKernels.class);

    private final ProgramMemory memory;
    private final int threads;
    private final MemorySegment engine;
    private final MemorySegment stream;
    private final PortableKernels portable;

    OneDnnKernels(ProgramMemory memory, MemorySegment engine, int threads) {
        this.memory = memory;
        this.threads = threads;
        this.engine = engine;
        this.stream = OneDnn.stream(engine, memory.arena());
        this.portable = new PortableKernels(memory);
        OneDnn.useThreads(threads);
    }

    @Override
    public Kernel prologue() {
        return () -> OneDnn.useThreads(threads);
    }

    @Override
    public Kernel matMul(MatrixOp.MatMul op, Tensor result) {
        return orPortable(
                () -> product(List.of(
                        Operand.matrix(op.left(), op.transposeLeft()),
                        Operand.matrix(op.right(), op.transposeRight()),
                        Operand.matrix(result, false))),
                () -> portable.matMul(op, result));
    }

    @Override
    public Kernel dense(MatrixOp.Dense op, Tensor result) {
        return orPortable(
                () -> product(List.of(
                        Operand.matrix(op.x(), false),
                        Operand.matrix(op.weight(), true),
                        Operand.matrix(result, false),
                        Operand.row(op.bias()))),
                () -> portable.dense(op, result));
    }

    @Override
    public Kernel cast(ElementwiseOp.Cast op, Tensor result) {
        if (op.x().type() == ElementType.F32 && result.type() == ElementType.F16) {
            return F16Narrowing.bind(memory.of(op.x()), memory.of(result));
        }
        try (Arena scratch = Arena.ofConfined()) {
            Operand from = Operand.flat(op.x());
            Operand to = Operand.flat(result);
            MemorySegment description = OneDnn.reorder(
                    engine, from.layout(scratch), to.layout(scratch), OneDnn.attributes(scratch), scratch);
            OneDnnArguments arguments = new OneDnnArguments(memory, engine);
            arguments.add(OneDnnArguments.SOURCE, from);
            arguments.add(OneDnnArguments.DESTINATION, to);
            return bind(description, arguments);
        }
    }

    /** A copy between layouts. It moves bits, so that f16, for which oneDNN has no fast one, goes as bf16. */
    @Override
    public Kernel transposition(ElementType type, int rows, int columns, MemorySegment from, MemorySegment to) {
        int dataType = Operand.dataType(type == ElementType.F16 ? ElementType.BF16 : type);
        long matrix = (long) rows * columns;
        List<Long> sizes = List.of(from.byteSize() / (matrix * type.byteSize()), (long) rows, (long) columns);
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment source = OneDnn.layout(dataType, sizes, List.of(matrix, (long) columns, 1L), scratch);
            MemorySegment target = OneDnn.layout(dataType, sizes, List.of(matrix, 1L, (long) rows), scratch);
            MemorySegment description = OneDnn.reorder(engine, source, target, OneDnn.attributes(scratch), scratch);
            OneDnnArguments arguments = new OneDnnArguments(memory, engine);
            arguments.add(OneDnnArguments.SOURCE, OneDnn.memory(source, engine, from, memory.arena()));
            arguments.add(OneDnnArguments.DESTINATION, OneDnn.memory(target, engine, to, memory.arena()));
            return bind(description, arguments);
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

    /** @param operands left, right, result and perhaps a bias */
    private Kernel product(List<Operand> operands) {
        try (Arena scratch = Arena.ofConfined()) {
            boolean biased = operands.size() == 4;
            MemorySegment description = OneDnn.matMul(
                    engine,
                    List.of(
                            operands.get(0).layout(scratch),
                            operands.get(1).layout(scratch),
                            biased ? operands.get(3).layout(scratch) : MemorySegment.NULL,
                            operands.get(2).layout(scratch)),
                    OneDnn.attributes(scratch),
                    scratch);
            OneDnnArguments arguments = new OneDnnArguments(memory, engine);
            arguments.add(OneDnnArguments.SOURCE, operands.get(0));
            arguments.add(OneDnnArguments.WEIGHTS, operands.get(1));
            arguments.add(OneDnnArguments.DESTINATION, operands.get(2));
            if (biased) {
                arguments.add(OneDnnArguments.BIAS, operands.get(3));
            }
            return bind(description, arguments);
        }
    }

    private Kernel bind(MemorySegment description, OneDnnArguments arguments) {
        arguments.add(OneDnnArguments.SCRATCHPAD, OneDnn.scratchpad(description, engine, memory.arena()));
        MemorySegment primitive = OneDnn.primitive(description, memory.arena());
        MemorySegment array = arguments.toNativeArray();
        int count = arguments.count();
        return () -> OneDnn.execute(primitive, stream, count, array);
    }

    private static Kernel orPortable(Supplier<Kernel> kernel, Supplier<Kernel> portable) {
        try {
            return kernel.get();
        } catch (UnsupportedOperationException e) {
            log.warn("{}; portable loops stand in", e.getMessage());
            return portable.get();
        }
    }

    /** A tensor as an argument sees it. */
    record Operand(Tensor tensor, List<Long> sizes, List<Long> strides) {
        static Operand matrix(Tensor tensor, boolean transposed) {
            long outer = tensor.shape().size(0);
            long inner = tensor.shape().size(1);
            return transposed
                    ? new Operand(tensor, List.of(inner, outer), List.of(1L, inner))
                    : new Operand(tensor, List.of(outer, inner), List.of(inner, 1L));
        }

        static Operand row(Tensor tensor) {
            return new Operand(tensor, List.of(1L, tensor.elementCount()), List.of(tensor.elementCount(), 1L));
        }

        static Operand flat(Tensor tensor) {
            return new Operand(tensor, List.of(tensor.elementCount()), List.of(1L));
        }

        MemorySegment layout(Arena arena) {
            return OneDnn.layout(dataType(tensor.type()), sizes, strides, arena);
        }

        private static int dataType(ElementType type) {
            return switch (type) {
                case F32 -> 3;
                case BF16 -> 2;
                case F16 -> 1;
                case I32 -> 4;
            };
        }
    }
}
