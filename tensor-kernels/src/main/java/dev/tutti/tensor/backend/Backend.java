package dev.tutti.tensor.backend;

import dev.tutti.tensor.graph.Graph;

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
}
