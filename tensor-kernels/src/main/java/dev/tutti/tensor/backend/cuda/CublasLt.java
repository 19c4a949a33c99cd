package dev.tutti.tensor.backend.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tutti.tensor.backend.BackendUnavailableException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * NVIDIA's library of matrix products ({@code cublasLt.h}): its functions, its status codes as exceptions. It belongs to the context that was current when it
 * was opened, and stays open as long as the process lives. Thread-safe.
 */
final class CublasLt {
    private static final Logger log = LoggerFactory.getLogger(CublasLt.class);
    private static final String OF_13 = "libcublasLt.so.13";
    private static final String OF_12 = "libcublasLt.so.12";
    private static final int CUDA_13 = 13_000;
    /** {@code cublasLtMatmulHeuristicResult_t}: an algorithm, the bytes of workspace that it needs, a status, and what is not read here. */
    private static final MemoryLayout RESULT = MemoryLayout.structLayout(
            MemoryLayout.sequenceLayout(8, JAVA_LONG),
            JAVA_LONG,
            JAVA_INT,
            JAVA_FLOAT,
            MemoryLayout.sequenceLayout(4, JAVA_INT));

    private static final long WORKSPACE = 8 * Long.BYTES;
    private static final long STATUS = WORKSPACE + Long.BYTES;

    private final NativeLibrary library;
    private final MethodHandle statusString;
    private final MethodHandle version;
    private final MethodHandle descriptorCreate;
    private final MethodHandle descriptorDestroy;
    private final MethodHandle descriptorSet;
    private final MethodHandle layoutCreate;
    private final MethodHandle layoutDestroy;
    private final MethodHandle preferenceCreate;
    private final MethodHandle preferenceDestroy;
    private final MethodHandle preferenceSet;
    private final MethodHandle heuristic;
    private final MethodHandle matmul;
    private final MemorySegment handle;
    private final MemorySegment one = Arena.global().allocateFrom(JAVA_FLOAT, 1);
    private final MemorySegment zero = Arena.global().allocateFrom(JAVA_FLOAT, 0);

    private CublasLt(NativeLibrary library) {
        this.library = library;
        statusString = library.bind("cublasLtGetStatusString", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        version = library.bind("cublasLtGetVersion", FunctionDescriptor.of(JAVA_LONG));
        descriptorCreate = library.status("cublasLtMatmulDescCreate", ADDRESS, JAVA_INT, JAVA_INT);
        descriptorDestroy = library.status("cublasLtMatmulDescDestroy", ADDRESS);
        descriptorSet = library.status("cublasLtMatmulDescSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
        layoutCreate = library.status("cublasLtMatrixLayoutCreate", ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        layoutDestroy = library.status("cublasLtMatrixLayoutDestroy", ADDRESS);
        preferenceCreate = library.status("cublasLtMatmulPreferenceCreate", ADDRESS);
        preferenceDestroy = library.status("cublasLtMatmulPreferenceDestroy", ADDRESS);
        preferenceSet = library.status("cublasLtMatmulPreferenceSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
        heuristic = library.status(
                "cublasLtMatmulAlgoGetHeuristic",
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                JAVA_INT,
                ADDRESS,
                ADDRESS);
        matmul = library.status(
                "cublasLtMatmul",
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                JAVA_LONG,
                ADDRESS);
        handle = open(library.status("cublasLtCreate", ADDRESS));
    }

    /** For the calling thread's context, if the library is there and of a version that the driver knows; logged if not. */
    static Optional<CublasLt> find(Driver driver) {
        List<String> names = driver.version() >= CUDA_13 ? List.of(OF_13, OF_12) : List.of(OF_12);
        try {
            return Optional.of(new CublasLt(NativeLibrary.load("cuBLASLt", names)));
        } catch (BackendUnavailableException | CudaException e) {
            log.warn("products of matrices use kernels of our own, which are slower: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** What is used of the library, by name. */
    Map<String, FunctionDescriptor> functions() {
        return library.bound();
    }

    /** Such as 13.2.1. */
    String version() {
        try {
            long number = (long) version.invokeExact();
            return "%d.%d.%d".formatted(number / 10_000, number / 100 % 100, number % 100);
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    /** What a product computes, and in which precision; destroyed with the arena. */
    MemorySegment descriptor(int computeType, int scaleType, Arena arena) {
        return create("cublasLtMatmulDescCreate", descriptorDestroy, arena, result ->
                (int) descriptorCreate.invokeExact(result, computeType, scaleType));
    }

    void set(MemorySegment descriptor, int attribute, int value) {
        set("cublasLtMatmulDescSetAttribute", descriptorSet, descriptor, attribute, value);
    }

    void set(MemorySegment descriptor, int attribute, long value) {
        set("cublasLtMatmulDescSetAttribute", descriptorSet, descriptor, attribute, value);
    }

    /** Columns one behind the other, destroyed with the arena. */
    MemorySegment layout(int type, long rows, long columns, Arena arena) {
        return create("cublasLtMatrixLayoutCreate", layoutDestroy, arena, result ->
                (int) layoutCreate.invokeExact(result, type, rows, columns, rows));
    }

    /** What is asked of an algorithm; destroyed with the arena. */
    MemorySegment preference(Arena arena) {
        return create("cublasLtMatmulPreferenceCreate", preferenceDestroy, arena, result ->
                (int) preferenceCreate.invokeExact(result));
    }

    void prefer(MemorySegment preference, int attribute, int value) {
        set("cublasLtMatmulPreferenceSetAttribute", preferenceSet, preference, attribute, value);
    }

    void prefer(MemorySegment preference, int attribute, long value) {
        set("cublasLtMatmulPreferenceSetAttribute", preferenceSet, preference, attribute, value);
    }

    /** D = op(A) · op(B), and what the descriptor says of what follows. */
    record Layouts(MemorySegment a, MemorySegment b, MemorySegment d) {}

    /** How a product is computed. */
    record Algorithm(MemorySegment segment, long workspaceBytes) {}

    /** The one that the library takes to be fastest, in memory of the arena; empty if it has none for such operands. */
    Optional<Algorithm> algorithm(MemorySegment descriptor, Layouts layouts, MemorySegment preference, Arena arena) {
        MemorySegment result = arena.allocate(RESULT);
        try (Arena confined = Arena.ofConfined()) {
            MemorySegment found = confined.allocate(JAVA_INT);
            int status = (int) heuristic.invokeExact(
                    handle, descriptor, layouts.a, layouts.b, layouts.d, layouts.d, preference, 1, result, found);
            if (status == LtConstants.CUBLAS_STATUS_NOT_SUPPORTED
                    || status == LtConstants.CUBLAS_STATUS_INVALID_VALUE) {
                return Optional.empty();
            }
            check("cublasLtMatmulAlgoGetHeuristic", status);
            boolean works = found.get(JAVA_INT, 0) == 1 && result.get(JAVA_INT, STATUS) == 0;
            return works
                    ? Optional.of(new Algorithm(result.asSlice(0, WORKSPACE), result.get(JAVA_LONG, WORKSPACE)))
                    : Optional.empty();
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    /** Device addresses of a product. */
    record Addresses(long a, long b, long d, long workspace) {}

    /** Hands the product to the stream, and returns. */
    void multiply(MemorySegment descriptor, Layouts layouts, Algorithm algorithm, Addresses addresses, long stream) {
        MemorySegment d = MemorySegment.ofAddress(addresses.d);
        try {
            check("cublasLtMatmul", (int) matmul.invokeExact(
                    handle,
                    descriptor,
                    one,
                    MemorySegment.ofAddress(addresses.a),
                    layouts.a,
                    MemorySegment.ofAddress(addresses.b),
                    layouts.b,
                    zero,
                    d,
                    layouts.d,
                    d,
                    layouts.d,
                    algorithm.segment,
                    MemorySegment.ofAddress(addresses.workspace),
                    algorithm.workspaceBytes,
                    MemorySegment.ofAddress(stream)));
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    @FunctionalInterface
    private interface Call {
        int run(MemorySegment result) throws Throwable;
    }

    private MemorySegment open(MethodHandle create) {
        return pointer("cublasLtCreate", result -> (int) create.invokeExact(result));
    }

    private MemorySegment pointer(String function, Call call) {
        try (Arena confined = Arena.ofConfined()) {
            MemorySegment result = confined.allocate(ADDRESS);
            check(function, call.run(result));
            return result.get(ADDRESS, 0);
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    @SuppressWarnings("restricted")
    private MemorySegment create(String function, MethodHandle destroy, Arena arena, Call call) {
        return pointer(function, call).reinterpret(arena, created -> {
            try {
                check("destruction after " + function, (int) destroy.invokeExact(created));
            } catch (Throwable e) {
                throw Unchecked.of(e);
            }
        });
    }

    private void set(String function, MethodHandle set, MemorySegment of, int attribute, int value) {
        try (Arena confined = Arena.ofConfined()) {
            set(function, set, of, attribute, confined.allocateFrom(JAVA_INT, value));
        }
    }

    private void set(String function, MethodHandle set, MemorySegment of, int attribute, long value) {
        try (Arena confined = Arena.ofConfined()) {
            set(function, set, of, attribute, confined.allocateFrom(JAVA_LONG, value));
        }
    }

    private void set(String function, MethodHandle set, MemorySegment of, int attribute, MemorySegment value) {
        try {
            check(function + " of " + attribute, (int) set.invokeExact(of, attribute, value, value.byteSize()));
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    @SuppressWarnings("restricted")
    private void check(String function, int status) throws Throwable {
        if (status != 0) {
            MemorySegment text = (MemorySegment) statusString.invokeExact(status);
            throw new CudaException(
                    function, status, text.reinterpret(Long.MAX_VALUE).getString(0));
        }
    }
}
