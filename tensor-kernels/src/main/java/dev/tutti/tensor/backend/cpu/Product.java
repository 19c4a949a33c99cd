package dev.tutti.tensor.backend.cpu;

/** Left · right = result, where each of the three may be shifted in its memory. Running it allocates nothing. */
@FunctionalInterface
interface Product {
    /** Offsets are bytes. */
    void run(long leftOffset, long rightOffset, long resultOffset);

    /** Where the operands were when it was bound. */
    default void run() {
        run(0, 0, 0);
    }
}
