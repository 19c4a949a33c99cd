package dev.tutti.tensor.backend;

/** One instruction with its memory bound; running it allocates nothing. */
@FunctionalInterface
public interface Kernel {
    void run();
}
