package dev.tutti.node.sharedmemory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;

/** The kernel's way to wait for a 32-bit word of memory that processes share: Linux' futex(2), through libc's {@code syscall}. */
final class Futex {
    private static final long WAIT = 0;
    private static final long WAKE = 1;
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private static final FunctionDescriptor SYSCALL = FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.ADDRESS,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG);

    private static final Optional<Futex> SYSTEM = find();

    private final long number;
    private final MethodHandle syscall;

    private Futex(long number, MethodHandle syscall) {
        this.number = number;
        this.syscall = syscall;
    }

    /** Nothing on another system or processor, and where the call is forbidden. */
    static Optional<Futex> ofSystem() {
        return SYSTEM;
    }

    @SuppressWarnings("restricted")
    private static Optional<Futex> find() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return Optional.empty();
        }
        long number = switch (System.getProperty("os.arch").toLowerCase(Locale.ROOT)) {
            case "amd64", "x86_64" -> 202;
            case "aarch64", "riscv64" -> 98;
            default -> -1;
        };
        Optional<Futex> futex = number < 0
                ? Optional.empty()
                : Linker.nativeLinker()
                        .defaultLookup()
                        .find("syscall")
                        .map(address -> new Futex(number, Linker.nativeLinker().downcallHandle(address, SYSCALL)));
        return futex.filter(Futex::works);
    }

    private boolean works() {
        try (Arena arena = Arena.ofConfined()) {
            return call(arena.allocate(Integer.BYTES, Integer.BYTES), WAKE, 1, MemorySegment.NULL) == 0;
        }
    }

    /** Memory for the time that {@link #await} waits at most. */
    static MemorySegment allocateTime(Arena arena) {
        return arena.allocate(2L * Long.BYTES, Long.BYTES);
    }

    /**
     * Sleeps until somebody wakes the word's waiters. Returns at once if it is not what is expected, and sometimes for no reason.
     *
     * @param word at a multiple of 4 bytes
     * @param time of {@link #allocateTime}, one for each thread
     */
    void await(MemorySegment word, int expected, long nanos, MemorySegment time) {
        time.setAtIndex(ValueLayout.JAVA_LONG, 0, nanos / NANOS_PER_SECOND);
        time.setAtIndex(ValueLayout.JAVA_LONG, 1, nanos % NANOS_PER_SECOND);
        call(word, WAIT, expected, time);
    }

    /** Wakes one waiter, of whichever process. */
    void wake(MemorySegment word) {
        call(word, WAKE, 1, MemorySegment.NULL);
    }

    private long call(MemorySegment word, long operation, long value, MemorySegment time) {
        try {
            return (long) syscall.invokeExact(number, word, operation, value, time, MemorySegment.NULL, 0L);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("futex(2) could not be called", e);
        }
    }
}
