package dev.tutti.tensor.backend.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tutti.tensor.backend.BackendLostException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Calls of functions that return a status of the driver's: what is not 0 becomes an exception. */
abstract class StatusCalls {
    static final int TEXT_BYTES = 256;

    private final MethodHandle errorName;

    /** @param errorName {@code cuGetErrorName} */
    StatusCalls(MethodHandle errorName) {
        this.errorName = errorName;
    }

    @FunctionalInterface
    interface Call {
        int run(MemorySegment result) throws Throwable;
    }

    /** The int that a function gives back through its first parameter. */
    final int askInt(String function, Call call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(JAVA_INT);
            check(function, call.run(result));
            return result.get(JAVA_INT, 0);
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    final long askLong(String function, Call call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(JAVA_LONG);
            check(function, call.run(result));
            return result.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    final float askFloat(String function, Call call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(JAVA_FLOAT);
            check(function, call.run(result));
            return result.get(JAVA_FLOAT, 0);
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    /** Text of a limited length. */
    final String askText(String function, Call call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(TEXT_BYTES);
            check(function, call.run(text));
            return text.getString(0);
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    /** A function that gives nothing back. */
    final void tell(String function, Call call) {
        try {
            check(function, call.run(MemorySegment.NULL));
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    @SuppressWarnings("restricted")
    final void check(String function, int status) throws Throwable {
        if (status != 0) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment name = arena.allocate(ADDRESS);
                String explanation = (int) errorName.invokeExact(status, name) == 0
                        ? name.get(ADDRESS, 0).reinterpret(Long.MAX_VALUE).getString(0)
                        : "an unknown error";
                CudaException failure = new CudaException(function, status, explanation);
                throw failure.isSticky()
                        ? new BackendLostException("the GPU is lost to this process: " + failure.getMessage())
                        : failure;
            }
        }
    }
}
