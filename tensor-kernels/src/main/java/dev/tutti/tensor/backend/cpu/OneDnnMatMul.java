package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** The part of oneDNN's C API that only matrix products need. */
record OneDnnMatMul(
        MethodHandle create,
        MethodHandle layoutOfTag,
        MethodHandle memorySetAddress,
        MethodHandle postOperationsCreate,
        MethodHandle postOperationsAppendSum,
        MethodHandle postOperationsDestroy,
        MethodHandle attributesSetPostOperations) {
    private static final int ANY = 1;
    private static final int SAME_TYPE = 0;
    private static final int WEIGHTS_LAYOUT = 131;

    private static final OneDnnMatMul LIBRARY = new OneDnnMatMul(
            OneDnn.status(
                    "dnnl_matmul_primitive_desc_create", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
            OneDnn.status("dnnl_memory_desc_create_with_tag", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
            OneDnn.status("dnnl_memory_set_data_handle", ADDRESS, JAVA_LONG),
            OneDnn.status("dnnl_post_ops_create", ADDRESS),
            OneDnn.status("dnnl_post_ops_append_sum", ADDRESS, JAVA_FLOAT, JAVA_INT, JAVA_INT),
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
        MemorySegment attributes = OneDnn.attributes(arena);
        MemorySegment operations =
                OneDnn.create("post-operations", arena, LIBRARY.postOperationsCreate, LIBRARY.postOperationsDestroy);
        OneDnn.check("sum", OneDnn.call(LIBRARY.postOperationsAppendSum, operations, 1f, 0, SAME_TYPE));
        OneDnn.check("sum", OneDnn.call(LIBRARY.attributesSetPostOperations, attributes, operations));
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
