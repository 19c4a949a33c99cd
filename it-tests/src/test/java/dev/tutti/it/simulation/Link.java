package dev.tutti.it.simulation;

/** One direction of a process' way to the network: first come, first served. */
final class Link {
    private final double bytesPerSecond;
    private long free;

    /** @param bytesPerSecond may be infinite */
    Link(double bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
    }

    /**
     * Begins as soon as everything reserved before is through.
     *
     * @param from when the first byte is there
     * @return when the last one is through
     */
    long reserve(long from, long bytes) {
        free = Math.max(from, free) + VirtualTime.nanos(bytes, bytesPerSecond);
        return free;
    }

    /** When the first byte gets through of what is reserved next. */
    long begin(long from) {
        return Math.max(from, free);
    }
}
