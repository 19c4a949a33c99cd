package dev.tutti.tensor.backend;

/** How a backend makes itself known: a service, found with {@link java.util.ServiceLoader}. */
public interface BackendProvider {
    /** As users write it. */
    String name();

    /** {@code auto} takes the available one of the highest preference; a negative one is never taken unasked. */
    int preference();

    /**
     * @param threads compute threads, 1 or more
     * @throws BackendUnavailableException saying what is missing
     */
    Backend create(int threads);
}
