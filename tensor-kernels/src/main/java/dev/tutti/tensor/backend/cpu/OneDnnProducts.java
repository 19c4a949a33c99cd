package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Products of matrices wherever they lie, each a primitive whose operands can be moved. Whatever they need lives in the arena. */
record OneDnnProducts(MemorySegment engine, MemorySegment stream, ProgramMemory memory) {
    private static final Logger log = LoggerFactory.getLogger(OneDnnProducts.class);

    /** What has been logged: programs are compiled again and again. */
    private static final Set<String> SLOW = ConcurrentHashMap.newKeySet();

    /**
     * @param bias a row that is added to every row, or none
     * @param adding to the result, or in its place
     * @throws UnsupportedOperationException if there is none for these element types on this processor
     */
    Product product(Strided left, Strided right, Optional<Strided> bias, Strided result, boolean adding) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment attributes = adding ? OneDnnMatMul.accumulating(scratch) : OneDnn.attributes(scratch);
            OneDnnArguments arguments = new OneDnnArguments(memory.arena());
            bias.ifPresent(row -> arguments.add(OneDnnArguments.BIAS, memory(row)));
            MemorySegment description = describe(left, right, bias, result, attributes, scratch);
            return bind(description, arguments, List.of(placed(left), placed(right), placed(result)));
        }
    }

    MemorySegment describe(
            Strided left,
            Strided right,
            Optional<Strided> bias,
            Strided result,
            MemorySegment attributes,
            Arena scratch) {
        MemorySegment biasLayout = bias.map(row -> layout(row, scratch)).orElse(MemorySegment.NULL);
        return OneDnnMatMul.describe(
                engine,
                List.of(layout(left, scratch), layout(right, scratch), biasLayout, layout(result, scratch)),
                attributes,
                scratch);
    }

    /**
     * The right operand is copied to {@code packing}, where it lies as oneDNN likes it.
     *
     * @param left of right's type, or f32, and converted to that each time
     */
    RepeatedProduct repeated(Strided left, Strided right, Strided result, Addend addend, Scratch packing) {
        if (left.type() == right.type()) {
            return repeatedOfOneType(left, right, result, addend, packing);
        }
        long elements = (long) left.rows() * left.columns();
        Strided converted =
                Strided.matrix(packing.take(right.type(), elements), right.type(), left.rows(), left.columns());
        LongConsumer conversion = conversion(left, converted);
        RepeatedProduct product = repeatedOfOneType(converted, right, result, addend, packing);
        return new RepeatedProduct(product.pack(), (leftOffset, rightOffset, resultOffset) -> {
            conversion.accept(leftOffset);
            product.product().run(0, rightOffset, resultOffset);
        });
    }

    /** What converts the matrix at an offset of so many bytes. */
    private LongConsumer conversion(Strided from, Strided to) {
        try (Arena scratch = Arena.ofConfined()) {
            Placed source = placed(from);
            OneDnnArguments arguments = new OneDnnArguments(memory.arena());
            arguments.add(OneDnnArguments.SOURCE, source.memory);
            arguments.add(OneDnnArguments.DESTINATION, memory(to));
            Kernel copy = bind(
                    "conversion of " + from.sizes(),
                    OneDnn.reorder(
                            engine, layout(from, scratch), layout(to, scratch), OneDnn.attributes(scratch), scratch),
                    arguments);
            return offset -> {
                source.move(offset);
                copy.run();
            };
        }
    }

    private RepeatedProduct repeatedOfOneType(
            Strided left, Strided right, Strided result, Addend addend, Scratch packing) {
        try (Arena scratch = Arena.ofConfined()) {
            Optional<Strided> row = addend instanceof Addend.Row(var bias)
                    ? Optional.of(Strided.matrix(bias, ElementType.F32, 1, result.columns()))
                    : Optional.empty();
            MemorySegment any = OneDnnMatMul.anyLayout(dataType(right.type()), right.sizes(), scratch);
            MemorySegment description = OneDnnMatMul.describe(
                    engine,
                    List.of(
                            layout(left, scratch),
                            any,
                            row.map(bias -> layout(bias, scratch)).orElse(MemorySegment.NULL),
                            layout(result, scratch)),
                    addend instanceof Addend.Result ? OneDnnMatMul.accumulating(scratch) : OneDnn.attributes(scratch),
                    scratch);
            MemorySegment packedLayout = OneDnnMatMul.weightsLayout(description);
            MemorySegment bytes = packing.take(OneDnn.byteSize(packedLayout));
            Placed packed = new Placed(
                    OneDnn.memory(packedLayout, engine, bytes, memory.arena()), right.sizes(), bytes.address());
            MemorySegment copying =
                    OneDnn.reorder(engine, layout(right, scratch), packedLayout, OneDnn.attributes(scratch), scratch);
            OneDnnArguments arguments = new OneDnnArguments(memory.arena());
            arguments.add(OneDnnArguments.SOURCE, memory(right));
            arguments.add(OneDnnArguments.DESTINATION, packed.memory);
            Kernel pack = bind("packing of " + right.sizes(), copying, arguments);
            OneDnnArguments operands = new OneDnnArguments(memory.arena());
            row.ifPresent(bias -> operands.add(OneDnnArguments.BIAS, memory(bias)));
            return new RepeatedProduct(
                    pack, bind(description, operands, List.of(placed(left), packed, placed(result))));
        }
    }

    /** A memory object, what it is of, and where it is before it is moved. */
    record Placed(MemorySegment memory, List<Long> sizes, long address) {
        void move(long offset) {
            OneDnnMatMul.move(memory, address + offset);
        }
    }

    Placed placed(Strided matrix) {
        return new Placed(memory(matrix), matrix.sizes(), matrix.memory().address());
    }

    /** @param operands left, right, result */
    Product bind(MemorySegment description, OneDnnArguments arguments, List<Placed> operands) {
        Placed left = operands.get(0);
        Placed right = operands.get(1);
        Placed result = operands.get(2);
        arguments.add(OneDnnArguments.SOURCE, left.memory);
        arguments.add(OneDnnArguments.WEIGHTS, right.memory);
        arguments.add(OneDnnArguments.DESTINATION, result.memory);
        Kernel product = bind("product of " + left.sizes + " and " + right.sizes, description, arguments);
        return (leftOffset, rightOffset, resultOffset) -> {
            left.move(leftOffset);
            right.move(rightOffset);
            result.move(resultOffset);
            product.run();
        };
    }

    /**
     * The primitive of a description on these arguments, and a scratchpad.
     *
     * @param what it is, with shapes, for people
     */
    Kernel bind(String what, MemorySegment description, OneDnnArguments arguments) {
        if (OneDnn.isReference(description) && SLOW.add(what)) {
            log.warn("{}: oneDNN has only its slow reference loop on {}", what, OneDnn.instructionSetName());
        }
        arguments.add(OneDnnArguments.SCRATCHPAD, OneDnn.scratchpad(description, engine, memory.arena()));
        MemorySegment primitive = OneDnn.primitive(description, memory.arena());
        MemorySegment array = arguments.toNativeArray();
        int count = arguments.count();
        return () -> OneDnn.execute(primitive, stream, count, array);
    }

    MemorySegment memory(Strided matrix) {
        try (Arena scratch = Arena.ofConfined()) {
            return OneDnn.memory(layout(matrix, scratch), engine, matrix.memory(), memory.arena());
        }
    }

    static MemorySegment layout(Strided matrix, Arena scratch) {
        return OneDnn.layout(dataType(matrix.type()), matrix.sizes(), matrix.strides(), scratch);
    }

    static int dataType(ElementType type) {
        return switch (type) {
            case F32 -> 3;
            case BF16 -> 2;
            case F16 -> 1;
            case I32 -> 4;
        };
    }
}
