package dev.tutti.tensor.backend;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * A compiled graph with its memory: one arena, offsets fixed at compile time, so that a run allocates nothing.
 *
 * <p>Not thread-safe; owned by the thread that computes. {@link #close} frees the arena.
 */
public interface Program extends AutoCloseable {
    /** The memory of a graph input, row-major, to be filled before a run. @throws IllegalArgumentException naming the inputs there are */
    MemorySegment input(String name);

    /** The memory of a graph output, valid after a run and until the next. @throws IllegalArgumentException naming the outputs there are */
    MemorySegment output(String name);

    /**
     * Runs every instruction once, and tells the sink of each parameter gradient as soon as it is final. Outputs that were computed before a gradient are there when
     * the sink hears of it.
     */
    void run(GradientSink sink);

    /** Runs a graph without gradients, or one whose gradients nobody waits for. */
    default void run() {
        run(GradientSink.NONE);
    }

    /**
     * For diagnosis only, slow: runs again on the inputs as they are, and looks after each instruction (parameters and inputs first).
     *
     * @return the name of the first tensor in which a NaN or an infinity stands
     */
    Optional<String> firstNonFinite();

    /**
     * What one instruction took.
     *
     * @param instruction as the graph prints it
     */
    record Timing(String instruction, long nanos) {}

    /** For diagnosis: runs again on the inputs as they are, {@code runs} times, and gives each instruction's median, in the order in which they run. */
    List<Timing> profile(int runs);

    /** Bytes of the arena: inputs, intermediates, outputs. */
    long arenaByteSize();

    @Override
    void close();
}
