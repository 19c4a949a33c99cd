package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The part of oneDNN's C API that only matrix products need. */
record OneDnnMatMul(
        MethodHandle create,
        MethodHandle layoutOfTag,
        MethodHandle memorySetAddress,
        MethodHandle postOperationsCreate,
        MethodHandle postOperationsAppendSum,
        MethodHandle postOperationsAppendFunction,
        MethodHandle postOperationsAppendBinary,
        MethodHandle postOperationsDestroy,
        MethodHandle attributesSetPostOperations) {
    private static final Logger log = LoggerFactory.getLogger(OneDnnMatMul.class);

    private static final int ANY = 1;
    private static final int SAME_TYPE = 0;
    private static final int WEIGHTS_LAYOUT = 131;
    private static final int LINEAR = 0x26;
    private static final int EXPONENTIAL = 0x2a;
    private static final int ADD = 0x1fff0;
    private static final int MULTIPLY = 0x1fff1;
    /** Of what is there and a NaN, in either place, the second: a mask's elements are none. */
    private static final int MINIMUM = 0x1fff3;

    private static final OneDnnMatMul LIBRARY = new OneDnnMatMul(
            OneDnn.status(
                    "dnnl_matmul_primitive_desc_create", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
            OneDnn.status("dnnl_memory_desc_create_with_tag", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
            OneDnn.status("dnnl_memory_set_data_handle", ADDRESS, JAVA_LONG),
            OneDnn.status("dnnl_post_ops_create", ADDRESS),
            OneDnn.status("dnnl_post_ops_append_sum", ADDRESS, JAVA_FLOAT, JAVA_INT, JAVA_INT),
            OneDnn.status("dnnl_post_ops_append_eltwise", ADDRESS, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT),
            OneDnn.status("dnnl_post_ops_append_binary", ADDRESS, JAVA_INT, ADDRESS),
            OneDnn.status("dnnl_post_ops_destroy", ADDRESS),
            OneDnn.status("dnnl_primitive_attr_set_post_ops", ADDRESS, ADDRESS));

    /**
     * The primitive descriptor of x · weights + bias.
     *
     * @param layouts of x, weights, bias ({@link MemorySegment#NULL} for none) and the result
     * @throws UnsupportedOperationException if there is none for these element types on this processor
     */
    static MemorySegment describe(
            MemorySegment engine, List<MemorySegment> layouts, MemorySegment attributes, Arena arena) {
        return OneDnn.description(
                "matmul",
                arena,
                LIBRARY.create,
                engine,
                layouts.get(0),
                layouts.get(1),
                layouts.get(2),
                layouts.get(3),
                attributes);
    }

    /** Whether there are products of bf16 on this processor. */
    static boolean computesBf16(MemorySegment engine) {
        try (Arena scratch = Arena.ofConfined()) {
            List<Long> sizes = List.of(8L, 8L);
            List<Long> strides = List.of(8L, 1L);
            MemorySegment factor = OneDnn.layout(OneDnnProducts.dataType(ElementType.BF16), sizes, strides, scratch);
            MemorySegment sums = OneDnn.layout(OneDnnProducts.dataType(ElementType.F32), sizes, strides, scratch);
            describe(engine, List.of(factor, factor, MemorySegment.NULL, sums), OneDnn.attributes(scratch), scratch);
            return true;
        } catch (UnsupportedOperationException e) {
            log.info("products of bf16 are computed in f32: {}", e.getMessage());
            return false;
        }
    }

    /** For weights that oneDNN may lay out as it likes. */
    static MemorySegment anyLayout(int dataType, List<Long> sizes, Arena arena) {
        return OneDnn.layout(
                "any layout", arena, LIBRARY.layoutOfTag, sizes.size(), OneDnn.longs(sizes, arena), dataType, ANY);
    }

    /** How the described product wants its weights; owned by the description. */
    static MemorySegment weightsLayout(MemorySegment description) {
        return OneDnn.layoutIn(description, WEIGHTS_LAYOUT);
    }

    /** As {@link OneDnn#attributes}; the product is added to what the result is. */
    static MemorySegment accumulating(Arena arena) {
        MemorySegment operations = postOperations(arena);
        OneDnn.check("sum", OneDnn.call(LIBRARY.postOperationsAppendSum, operations, 1f, 0, SAME_TYPE));
        return attributes(operations, arena);
    }

    /** As {@link OneDnn#attributes}, with these steps. */
    static MemorySegment followedBy(List<ProductStep> steps, int rank, Arena arena) {
        MemorySegment operations = postOperations(arena);
        for (ProductStep step : steps) {
            switch (step) {
                case ProductStep.Scale(float factor) -> appendFunction(operations, LINEAR, factor);
                case ProductStep.Exponential _ -> appendFunction(operations, EXPONENTIAL, 0);
                case ProductStep.AddRow(var row) -> appendBinary(operations, ADD, layout(row, rank, arena));
                case ProductStep.Mask(var mask) -> appendBinary(operations, MINIMUM, layout(mask, rank, arena));
                case ProductStep.Multiply(var matrices) ->
                    appendBinary(operations, MULTIPLY, layout(matrices, rank, arena));
            }
        }
        return attributes(operations, arena);
    }

    private static MemorySegment postOperations(Arena arena) {
        return OneDnn.create("post-operations", arena, LIBRARY.postOperationsCreate, LIBRARY.postOperationsDestroy);
    }

    private static void appendFunction(MemorySegment operations, int function, float alpha) {
        OneDnn.check("function", OneDnn.call(LIBRARY.postOperationsAppendFunction, operations, function, alpha, 0f));
    }

    private static void appendBinary(MemorySegment operations, int operation, MemorySegment layout) {
        OneDnn.check("binary", OneDnn.call(LIBRARY.postOperationsAppendBinary, operations, operation, layout));
    }

    /** One matrix stands for all where there are several. */
    private static MemorySegment layout(Strided matrix, int rank, Arena arena) {
        return OneDnnProducts.layout(matrix.sizes().size() < rank ? matrix.once() : matrix, arena);
    }

    private static MemorySegment attributes(MemorySegment postOperations, Arena arena) {
        MemorySegment attributes = OneDnn.attributes(arena);
        OneDnn.check("post-operations", OneDnn.call(LIBRARY.attributesSetPostOperations, attributes, postOperations));
        return attributes;
    }

    /** Where a memory object finds its bytes from now on. Allocates nothing. */
    static void move(MemorySegment memory, long address) {
        int status;
        try {
            status = (int) LIBRARY.memorySetAddress.invokeExact(memory, address);
        } catch (Throwable e) {
            throw OneDnn.unchecked(e);
        }
        OneDnn.check("memory", status);
    }
}
