package dev.tutti.node.sharedmemory;

/**
 * What one thread waits at for something to do, and others ring when there is. A ring that comes between {@link #rings} and {@link #await} is not missed:
 *
 * <pre>
 * int seen = bell.rings();
 * if (nothing to do) {
 *     bell.await(seen, nanos);
 * }
 * </pre>
 */
public sealed interface Doorbell permits LocalDoorbell, SharedDoorbell {
    /** For threads of this process. */
    static Doorbell local() {
        return new LocalDoorbell();
    }

    /** Any thread. */
    void ring();

    /** How often it has been rung; wraps. */
    int rings();

    /**
     * Waits until it has been rung more often, or for that long; may return earlier. One thread at a time.
     *
     * @param seen of {@link #rings}
     */
    void await(int seen, long nanos) throws InterruptedException;
}
