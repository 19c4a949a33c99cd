package dev.tutti.parameterserver.shard;

import dev.tutti.proto.wire.ExchangeFrame;

/** The way back to a worker. Called by one of the shard's tasks at a time. */
public interface WorkerStream {
    /** Whether the transport takes another frame now. Once it says no, {@link Shard#ready} follows when it does again. */
    boolean isReady();

    /** Sends a frame; when it returns, the payload's memory has been copied. Only while ready, except for a last word. */
    void send(ExchangeFrame frame);

    /** The shard is done with a frame that it had to keep: another may come. */
    void takeNext();

    /**
     * Ends the stream after a frame that broke the contract.
     *
     * @param reason one sentence
     */
    void refuse(String reason);

    /**
     * Ends the stream because the shard is no longer there.
     *
     * @param reason one sentence
     */
    void end(String reason);
}
