package dev.tutti.tensor.backend;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import java.lang.foreign.Arena;

/**
 * Compiles graphs for one kind of hardware. Chosen once, when a process starts, by {@link Backends}.
 *
 * <p>Thread-safe. A {@link Program} is not: one thread runs it.
 */
public interface Backend {
    /** {@code reference}, {@code cpu}, … as users write it. */
    String name();

    /**
     * What the bits of a result depend on: backend, library version, instruction set, compute threads. Workers of one job must
     * agree on it.
     */
    String numerics();

    /**
     * Compiles a graph whose parameters and gradients live in the buffers given.
     *
     * @throws UnsupportedOperationException naming the operation and element type, if this backend has no kernel for it
     */
    Program compile(Graph graph, ParameterBuffers buffers);

    /**
     * A model that learns by itself, from the parameters that the buffers have now on; the optimizer's state is zeros.
     *
     * @param graph with gradients
     * @throws UnsupportedOperationException as {@link #compile}
     */
    default Trainer trainer(Graph graph, ParameterBuffers buffers, SliceOptimizer optimizer) {
        return new HostTrainer(compile(graph, buffers), graph, buffers, optimizer);
    }

    /**
     * Memory for the parameters and the gradients of a model as this backend reads and writes it fastest; programs take any other, too. Zeros.
     *
     * @param elements of the flat space
     * @param arena whose end is the end of the memory
     */
    default ParameterBuffers buffers(long elements, Arena arena) {
        long bytes = elements * Float.BYTES;
        return new ParameterBuffers(
                arena.allocate(bytes, ParameterBuffers.BYTE_ALIGNMENT),
                arena.allocate(bytes, ParameterBuffers.BYTE_ALIGNMENT));
    }
}
