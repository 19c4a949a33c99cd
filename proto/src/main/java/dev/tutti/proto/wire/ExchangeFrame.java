package dev.tutti.proto.wire;

import dev.tutti.proto.v1.FrameHeader;

/**
 * A {@link dev.tutti.proto.v1.Frame} whose payload bytes stay where they are. Whoever receives one closes it, once it has read
 * the payload; closing again does nothing.
 */
public record ExchangeFrame(FrameHeader header, Payload payload) implements AutoCloseable {
    /** A frame that is all header: Open, Pull, Fenced, Refused. */
    public ExchangeFrame(FrameHeader header) {
        this(header, Payload.none());
    }

    @Override
    public void close() {
        payload.close();
    }
}
