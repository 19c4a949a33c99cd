package dev.tutti.tensor.backend.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** CUDA's compiler at run time ({@code nvrtc.h}). Thread-safe. */
final class Nvrtc {
    private static final String OF_13 = "libnvrtc.so.13";
    private static final String OF_12 = "libnvrtc.so.12";
    private static final int CUDA_13 = 13_000;
    private static final int COMPILATION = 6;

    private final MethodHandle version;
    private final MethodHandle errorString;
    private final MethodHandle createProgram;
    private final MethodHandle destroyProgram;
    private final MethodHandle compileProgram;
    private final MethodHandle logSize;
    private final MethodHandle log;
    private final MethodHandle imageSize;
    private final MethodHandle image;

    private Nvrtc(NativeLibrary nvrtc) {
        version = nvrtc.status("nvrtcVersion", ADDRESS, ADDRESS);
        errorString = nvrtc.bind("nvrtcGetErrorString", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        createProgram = nvrtc.status("nvrtcCreateProgram", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
        destroyProgram = nvrtc.status("nvrtcDestroyProgram", ADDRESS);
        compileProgram = nvrtc.status("nvrtcCompileProgram", ADDRESS, JAVA_INT, ADDRESS);
        logSize = nvrtc.status("nvrtcGetProgramLogSize", ADDRESS, ADDRESS);
        log = nvrtc.status("nvrtcGetProgramLog", ADDRESS, ADDRESS);
        imageSize = nvrtc.status("nvrtcGetCUBINSize", ADDRESS, ADDRESS);
        image = nvrtc.status("nvrtcGetCUBIN", ADDRESS, ADDRESS);
    }

    /**
     * Of a version whose machine code the driver knows.
     *
     * @param driverVersion as {@link Driver#version}
     * @throws dev.tutti.tensor.backend.BackendUnavailableException saying what is missing
     */
    static Nvrtc load(int driverVersion) {
        List<String> names = driverVersion >= CUDA_13 ? List.of(OF_13, OF_12) : List.of(OF_12);
        return new Nvrtc(NativeLibrary.load("CUDA's runtime compiler NVRTC", names));
    }

    /** Such as 13.0. */
    String version() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment major = arena.allocate(JAVA_INT);
            MemorySegment minor = arena.allocate(JAVA_INT);
            check("nvrtcVersion", (int) version.invokeExact(major, minor));
            return major.get(JAVA_INT, 0) + "." + minor.get(JAVA_INT, 0);
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    /**
     * Machine code for one kind of device.
     *
     * @param options such as {@code --gpu-architecture=sm_90}, {@code -DX=f32}
     * @throws IllegalStateException with the compiler's messages, if the source is wrong
     */
    byte[] compile(String source, List<String> options) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(ADDRESS);
            check("nvrtcCreateProgram", (int) createProgram.invokeExact(
                    handle,
                    arena.allocateFrom(source),
                    arena.allocateFrom("kernels.cu"),
                    0,
                    MemorySegment.NULL,
                    MemorySegment.NULL));
            try {
                return compile(handle.get(ADDRESS, 0), options, arena);
            } finally {
                check("nvrtcDestroyProgram", (int) destroyProgram.invokeExact(handle));
            }
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    private byte[] compile(MemorySegment program, List<String> options, Arena arena) throws Throwable {
        MemorySegment array = arena.allocate(ADDRESS, Math.max(1, options.size()));
        for (int i = 0; i < options.size(); i++) {
            array.setAtIndex(ADDRESS, i, arena.allocateFrom(options.get(i)));
        }
        int status = (int) compileProgram.invokeExact(program, options.size(), array);
        if (status == COMPILATION) {
            throw new IllegalStateException("kernels do not compile with " + String.join(" ", options) + ": "
                    + new String(bytes(program, logSize, log, arena), StandardCharsets.UTF_8).strip());
        }
        check("nvrtcCompileProgram", status);
        return bytes(program, imageSize, image, arena);
    }

    private byte[] bytes(MemorySegment program, MethodHandle sizeOf, MethodHandle read, Arena arena) throws Throwable {
        MemorySegment size = arena.allocate(JAVA_LONG);
        check("nvrtcGet…Size", (int) sizeOf.invokeExact(program, size));
        MemorySegment bytes = arena.allocate(Math.max(1, size.get(JAVA_LONG, 0)));
        check("nvrtcGet…", (int) read.invokeExact(program, bytes));
        return bytes.asSlice(0, size.get(JAVA_LONG, 0)).toArray(JAVA_BYTE);
    }

    @SuppressWarnings("restricted")
    private void check(String function, int status) throws Throwable {
        if (status != 0) {
            MemorySegment text = (MemorySegment) errorString.invokeExact(status);
            throw new CudaException(
                    function, status, text.reinterpret(Long.MAX_VALUE).getString(0));
        }
    }
}
