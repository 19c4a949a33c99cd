package dev.tutti.node.sharedmemory;

import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.MalformedFrameException;

/** Nothing is shared. */
record InFrames() implements PayloadCarrier {
    static final InFrames INSTANCE = new InFrames();

    @Override
    public ExchangeFrame outgoing(ExchangeFrame frame) {
        return frame;
    }

    @Override
    public ExchangeFrame incoming(ExchangeFrame frame) throws MalformedFrameException {
        if (frame.header().hasSharedPayload()) {
            throw new MalformedFrameException("a payload in shared memory, of which this stream has none");
        }
        return frame;
    }

    @Override
    public void close() {}
}
