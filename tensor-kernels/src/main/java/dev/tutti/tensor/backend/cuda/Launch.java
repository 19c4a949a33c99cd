package dev.tutti.tensor.backend.cuda;

/** Work for the device with its memory bound. */
@FunctionalInterface
interface Launch {
    /** Hands it to the stream, and returns. */
    void on(long stream);
}
