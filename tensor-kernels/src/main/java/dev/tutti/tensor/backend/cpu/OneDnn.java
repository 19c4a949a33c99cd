package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tutti.tensor.lowering.MemoryPlan;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * oneDNN's C API ({@code oneapi/dnnl/dnnl.h}): its functions as method handles, its status codes as exceptions. Loaded once; if that
 * fails the reason is kept. Whatever a function creates is destroyed when the arena it is given closes.
 */
@SuppressWarnings("restricted")
record OneDnn(
        MethodHandle engineCreate,
        MethodHandle streamCreate,
        MethodHandle streamDestroy,
        MethodHandle layoutCreate,
        MethodHandle layoutByteSize,
        MethodHandle layoutDestroy,
        MethodHandle memoryCreate,
        MethodHandle memoryDestroy,
        MethodHandle attributesCreate,
        MethodHandle attributesSetDeterministic,
        MethodHandle attributesSetScratchpadMode,
        MethodHandle attributesDestroy,
        MethodHandle reorderCreate,
        MethodHandle descriptionLayout,
        MethodHandle descriptionQuery,
        MethodHandle descriptionDestroy,
        MethodHandle primitiveCreate,
        MethodHandle primitiveDestroy,
        MethodHandle primitiveExecute,
        MethodHandle version,
        MethodHandle instructionSet,
        MethodHandle setThreads) {
    private static final int CPU = 1;
    private static final int IN_ORDER = 1;
    private static final int USER_SCRATCHPAD = 1;
    private static final int IMPLEMENTATION = 8;
    private static final int SCRATCHPAD_LAYOUT = 136;
    private static final Loading LOADING = Loading.attempt();

    /** Either the library, or why there is none. */
    private record Loading(
            @Nullable OneDnn library, @Nullable SymbolLookup symbols, String reason) {
        static Loading attempt() {
            String folder = "/org/bytedeco/dnnl/" + NativeFolder.platform() + "/";
            if (OneDnn.class.getResource(folder + "libdnnl.so.3") == null) {
                return new Loading(null, null, "oneDNN for " + NativeFolder.platform() + " is not on the class path");
            }
            try {
                Path unpacked =
                        NativeFolder.unpack("onednn", List.of(folder + "libgomp.so.1", folder + "libdnnl.so.3"));
                SymbolLookup omp = SymbolLookup.libraryLookup(unpacked.resolve("libgomp.so.1"), Arena.global());
                SymbolLookup dnnl = SymbolLookup.libraryLookup(unpacked.resolve("libdnnl.so.3"), Arena.global());
                return new Loading(link(dnnl, omp), dnnl, "");
            } catch (AccessDeniedException e) {
                return new Loading(
                        null,
                        null,
                        "%s cannot be written; name a folder with -D%s=DIR"
                                .formatted(e.getFile(), NativeFolder.PROPERTY));
            } catch (IOException | RuntimeException | LinkageError e) {
                return new Loading(null, null, "oneDNN for " + NativeFolder.platform() + ": " + e);
            }
        }
    }

    static boolean isEnabled() {
        return LOADING.library != null;
    }

    /** Why {@link #isEnabled} is false. */
    static String reason() {
        return LOADING.reason;
    }

    private static OneDnn library() {
        OneDnn library = LOADING.library;
        if (library == null) {
            throw new IllegalStateException(LOADING.reason);
        }
        return library;
    }

    private static OneDnn link(SymbolLookup dnnl, SymbolLookup omp) {
        ValueLayout enumeration = JAVA_INT;
        return new OneDnn(
                status(dnnl, "dnnl_engine_create", ADDRESS, enumeration, JAVA_LONG),
                status(dnnl, "dnnl_stream_create", ADDRESS, ADDRESS, JAVA_INT),
                status(dnnl, "dnnl_stream_destroy", ADDRESS),
                status(dnnl, "dnnl_memory_desc_create_with_strides", ADDRESS, JAVA_INT, ADDRESS, enumeration, ADDRESS),
                function(dnnl, "dnnl_memory_desc_get_size", FunctionDescriptor.of(JAVA_LONG, ADDRESS)),
                status(dnnl, "dnnl_memory_desc_destroy", ADDRESS),
                status(dnnl, "dnnl_memory_create", ADDRESS, ADDRESS, ADDRESS, ADDRESS),
                status(dnnl, "dnnl_memory_destroy", ADDRESS),
                status(dnnl, "dnnl_primitive_attr_create", ADDRESS),
                status(dnnl, "dnnl_primitive_attr_set_deterministic", ADDRESS, JAVA_INT),
                status(dnnl, "dnnl_primitive_attr_set_scratchpad_mode", ADDRESS, enumeration),
                status(dnnl, "dnnl_primitive_attr_destroy", ADDRESS),
                status(
                        dnnl,
                        "dnnl_reorder_primitive_desc_create",
                        ADDRESS,
                        ADDRESS,
                        ADDRESS,
                        ADDRESS,
                        ADDRESS,
                        ADDRESS),
                function(
                        dnnl,
                        "dnnl_primitive_desc_query_md",
                        FunctionDescriptor.of(ADDRESS, ADDRESS, enumeration, JAVA_INT)),
                status(dnnl, "dnnl_primitive_desc_query", ADDRESS, enumeration, JAVA_INT, ADDRESS),
                status(dnnl, "dnnl_primitive_desc_destroy", ADDRESS),
                status(dnnl, "dnnl_primitive_create", ADDRESS, ADDRESS),
                status(dnnl, "dnnl_primitive_destroy", ADDRESS),
                status(dnnl, "dnnl_primitive_execute", ADDRESS, ADDRESS, JAVA_INT, ADDRESS),
                function(
                        dnnl,
                        "dnnl_version",
                        FunctionDescriptor.of(ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(3, JAVA_INT)))),
                function(dnnl, "dnnl_get_effective_cpu_isa", FunctionDescriptor.of(enumeration)),
                function(omp, "omp_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT)));
    }

    /** A further function of the library, one that returns a status. */
    static MethodHandle status(String name, MemoryLayout... arguments) {
        SymbolLookup symbols = LOADING.symbols;
        if (symbols == null) {
            throw new IllegalStateException(LOADING.reason);
        }
        return status(symbols, name, arguments);
    }

    private static MethodHandle status(SymbolLookup lookup, String name, MemoryLayout... arguments) {
        return function(lookup, name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static MethodHandle function(SymbolLookup lookup, String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(lookup.findOrThrow(name), descriptor);
    }

    /** {@code 3.11.0} */
    static String libraryVersion() {
        MemorySegment version = (MemorySegment) call(library().version);
        return version.getAtIndex(JAVA_INT, 0) + "." + version.getAtIndex(JAVA_INT, 1) + "."
                + version.getAtIndex(JAVA_INT, 2);
    }

    /** What bounds the generated code, as {@code dnnl_cpu_isa_t} calls it. */
    static String instructionSetName() {
        int code = (int) call(library().instructionSet);
        return switch (code) {
            case 0x1 -> "sse41";
            case 0x3 -> "avx";
            case 0x7 -> "avx2";
            case 0xf -> "avx2_vnni";
            case 0x1f -> "avx2_vnni_2";
            case 0x27 -> "avx512_core";
            case 0x67 -> "avx512_core_vnni";
            case 0xe7 -> "avx512_core_bf16";
            case 0x1ef -> "avx512_core_fp16";
            case 0xfef -> "avx512_core_amx";
            case 0x1fef -> "avx512_core_amx_fp16";
            default -> "isa-0x" + Integer.toHexString(code);
        };
    }

    /** For the calling thread; OpenMP keeps the number with each thread. */
    static void useThreads(int threads) {
        try {
            library().setThreads.invokeExact(threads);
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    /** The engine of this process; never destroyed. */
    static MemorySegment engine() {
        return create("engine", Arena.global(), library().engineCreate, null, CPU, 0L);
    }

    static MemorySegment stream(MemorySegment engine, Arena arena) {
        return create("stream", arena, library().streamCreate, library().streamDestroy, engine, IN_ORDER);
    }

    /** A memory descriptor; sizes and strides in elements. */
    static MemorySegment layout(int dataType, List<Long> sizes, List<Long> strides, Arena arena) {
        return create(
                "memory descriptor",
                arena,
                library().layoutCreate,
                library().layoutDestroy,
                sizes.size(),
                longs(sizes, arena),
                dataType,
                longs(strides, arena));
    }

    /** A layout made by another function. */
    static MemorySegment layout(String what, Arena arena, MethodHandle create, Object... arguments) {
        return create(what, arena, create, library().layoutDestroy, arguments);
    }

    /** One of the layouts in a primitive descriptor, which owns it. */
    static MemorySegment layoutIn(MemorySegment description, int which) {
        return (MemorySegment) call(library().descriptionLayout, description, which, 0);
    }

    /** Whether what is described runs in loops that are there for lack of any better, many times slower than the others. */
    static boolean isReference(MemorySegment description) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment pointer = scratch.allocate(ADDRESS);
            check("implementation", call(library().descriptionQuery, description, IMPLEMENTATION, 0, pointer));
            String name = pointer.get(ADDRESS, 0).reinterpret(Long.MAX_VALUE).getString(0);
            return name.startsWith("ref");
        }
    }

    static long byteSize(MemorySegment layout) {
        return (long) call(library().layoutByteSize, layout);
    }

    /** Memory for what has this layout. */
    static MemorySegment allocate(MemorySegment layout, Arena arena) {
        long byteSize = byteSize(layout);
        return byteSize == 0 ? MemorySegment.NULL : arena.allocate(byteSize, MemoryPlan.ALIGNMENT);
    }

    static MemorySegment longs(List<Long> values, Arena arena) {
        return arena.allocateFrom(
                JAVA_LONG, values.stream().mapToLong(Long::longValue).toArray());
    }

    static MemorySegment memory(MemorySegment layout, MemorySegment engine, MemorySegment bytes, Arena arena) {
        return create("memory", arena, library().memoryCreate, library().memoryDestroy, layout, engine, bytes);
    }

    /** Deterministic, with the scratchpad as an argument. */
    static MemorySegment attributes(Arena arena) {
        MemorySegment attributes = create("attributes", arena, library().attributesCreate, library().attributesDestroy);
        check("attributes", call(library().attributesSetDeterministic, attributes, 1));
        check("attributes", call(library().attributesSetScratchpadMode, attributes, USER_SCRATCHPAD));
        return attributes;
    }

    /** A primitive descriptor made by another function. @throws UnsupportedOperationException if there is none on this processor */
    static MemorySegment description(String what, Arena arena, MethodHandle create, Object... arguments) {
        return create(what, arena, create, library().descriptionDestroy, arguments);
    }

    /** The primitive descriptor of a copy with conversion. */
    static MemorySegment reorder(
            MemorySegment engine, MemorySegment from, MemorySegment to, MemorySegment attributes, Arena arena) {
        return create(
                "reorder",
                arena,
                library().reorderCreate,
                library().descriptionDestroy,
                from,
                engine,
                to,
                engine,
                attributes);
    }

    static MemorySegment primitive(MemorySegment description, Arena arena) {
        return create("primitive", arena, library().primitiveCreate, library().primitiveDestroy, description);
    }

    /** Memory for the scratchpad of a primitive; it need not live longer than one execution. */
    static MemorySegment scratchpad(MemorySegment description, MemorySegment engine, Arena arena) {
        MemorySegment layout = layoutIn(description, SCRATCHPAD_LAYOUT);
        return memory(layout, engine, allocate(layout, arena), arena);
    }

    /** On the calling thread, and its OpenMP team; done when it returns. Allocates nothing. */
    static void execute(MemorySegment primitive, MemorySegment stream, int arguments, MemorySegment argumentArray) {
        int status;
        try {
            status = (int) library().primitiveExecute.invokeExact(primitive, stream, arguments, argumentArray);
        } catch (Throwable e) {
            throw unchecked(e);
        }
        if (status != 0) {
            throw failure("execution", status);
        }
    }

    /** Whether the processor has AVX-512. */
    static boolean hasAvx512() {
        int avx512 = 0x27;
        return ((int) call(library().instructionSet) & avx512) == avx512;
    }

    /** Calls a function whose first argument says where to put a pointer to what it creates. */
    static MemorySegment create(
            String what, Arena arena, MethodHandle create, @Nullable MethodHandle destroy, Object... arguments) {
        MemorySegment pointer = arena.allocate(ADDRESS);
        Object[] all = new Object[arguments.length + 1];
        all[0] = pointer;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        check(what, call(create, all));
        Consumer<MemorySegment> cleanup = destroy == null ? null : segment -> call(destroy, segment);
        return pointer.get(ADDRESS, 0).reinterpret(arena, cleanup);
    }

    static Object call(MethodHandle function, Object... arguments) {
        try {
            return function.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    /** Native functions throw nothing; the call itself does, for memory that is closed, say. */
    static RuntimeException unchecked(Throwable thrown) {
        return switch (thrown) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            default -> new IllegalStateException("calling oneDNN", thrown);
        };
    }

    static void check(String what, Object status) {
        if ((int) status != 0) {
            throw failure(what, (int) status);
        }
    }

    private static RuntimeException failure(String what, int status) {
        return switch (status) {
            case 1 -> new IllegalStateException("oneDNN " + what + ": out of native memory");
            case 2 -> new IllegalArgumentException("oneDNN " + what + ": invalid arguments");
            case 3 ->
                new UnsupportedOperationException(
                        "oneDNN " + what + ": not implemented for these element types on this processor");
            default -> new IllegalStateException("oneDNN " + what + ": status " + status);
        };
    }
}
