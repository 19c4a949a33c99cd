package dev.tutti.it.simulation;

/**
 * Every process has a link of its own, both ways at once, and each message takes a latency on top. In between there is room for whatever the
 * receiver's link cannot take yet, and nothing is lost: bandwidth is only ever short at an end. A message goes through the receiver's link while it
 * still comes through the sender's, so that it takes its time once.
 */
final class Network {
    /** Of a frame without its payload, about. */
    static final long HEADER_BYTES = 64;

    private final VirtualTime time;
    private final double bytesPerSecond;
    private final long latencyNanos;
    private long payloadBytes;

    Network(VirtualTime time, double bytesPerSecond, long latencyNanos) {
        this.time = time;
        this.bytesPerSecond = bytesPerSecond;
        this.latencyNanos = latencyNanos;
    }

    /** The links of one process. */
    record Port(Link out, Link in) {}

    Port port() {
        return new Port(new Link(bytesPerSecond), new Link(bytesPerSecond));
    }

    /** @param delivered what happens once the last byte is there */
    void send(Port from, Port to, long payload, Runnable delivered) {
        payloadBytes += payload;
        long bytes = payload + HEADER_BYTES;
        long firstByte = from.out.begin(time.now()) + latencyNanos;
        long lastByte = from.out.reserve(time.now(), bytes) + latencyNanos;
        time.at(firstByte, () -> time.at(Math.max(lastByte, to.in.reserve(firstByte, bytes)), delivered));
    }

    /** Of a signal without bytes. */
    void afterLatency(Runnable action) {
        time.at(time.now() + latencyNanos, action);
    }

    /** Sent until now, both ways, by all. */
    long payloadBytes() {
        return payloadBytes;
    }
}
