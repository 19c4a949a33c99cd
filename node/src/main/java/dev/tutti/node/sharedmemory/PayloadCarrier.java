package dev.tutti.node.sharedmemory;

import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.MalformedFrameException;

/** How one stream's payloads get to the other end: in their frames, or beside them. One thread sends, one thread receives; any thread closes. */
public sealed interface PayloadCarrier extends AutoCloseable permits InFrames, SharedMemoryLink {
    /** In the frames themselves. */
    static PayloadCarrier inFrames() {
        return InFrames.INSTANCE;
    }

    /** The frame to be sent in place of one: itself, or one without payload that says where the payload lies. The payload's memory has been copied then. */
    ExchangeFrame outgoing(ExchangeFrame frame);

    /**
     * A received frame with its payload, wherever that lies. Whoever gets it closes it, as soon as it has read it: the sender waits for the place.
     *
     * @throws MalformedFrameException if the payload is not where the frame says, or not the one that was sent
     */
    ExchangeFrame incoming(ExchangeFrame frame) throws MalformedFrameException;

    /** Frames that are open stay readable; none comes after them. */
    @Override
    void close();
}
