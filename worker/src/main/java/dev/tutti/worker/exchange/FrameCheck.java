package dev.tutti.worker.exchange;

import dev.tutti.proto.v1.Chunk;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.encoding.ChunkDecoders;
import dev.tutti.proto.wire.encoding.ChunkValues;
import dev.tutti.proto.wire.encoding.SparseRows;

/** What a shard may send, and how the exchange ends when it sends anything else. Training thread only. */
final class FrameCheck {
    private final ExchangeTarget target;
    private final ChunkTable table;
    private final ChunkDecoders decoders = new ChunkDecoders();

    FrameCheck(ExchangeTarget target, ChunkTable table) {
        this.target = target;
        this.table = table;
    }

    /** The chunk a frame brings. Of anything else the frame is closed. */
    ChunkTable.Chunk chunk(StreamEvent.Received received) throws ExchangeEndedException {
        int shard = received.shard();
        try {
            return switch (received.frame().header().getKindCase()) {
                case CHUNK -> chunk(received.frame(), shard);
                case FENCED ->
                    throw new ExchangeEndedException(new ExchangeEnd.Fenced(
                            shard, received.frame().header().getFenced().getExpectedGeneration(), target.generation()));
                case REFUSED ->
                    throw refused(shard, received.frame().header().getRefused().getReason());
                case VOTE -> throw refused(shard, "it voted, in a job whose shards decide for themselves");
                case CLOCK -> throw refused(shard, "it sent a clock that was not asked for");
                case OPEN, ATTACHED, PUSH, PULL, DECISION, KIND_NOT_SET ->
                    throw refused(
                            shard,
                            "it sent a frame that only workers send: "
                                    + received.frame().header().getKindCase());
            };
        } catch (ExchangeEndedException e) {
            received.frame().close();
            throw e;
        }
    }

    private ChunkTable.Chunk chunk(ExchangeFrame frame, int shard) throws ExchangeEndedException {
        Chunk sent = frame.header().getChunk();
        int number = table.number(shard, sent.getChunk());
        if (number < 0) {
            throw refused(
                    shard, "expected one of " + table.chunksInShard(shard) + " chunks, got chunk " + sent.getChunk());
        }
        sameGeneration(frame.header(), shard);
        return table.chunk(number);
    }

    /** A chunk's parameters; the frame stays open. */
    ChunkValues values(ExchangeFrame frame, ChunkTable.Chunk chunk) throws ExchangeEndedException {
        Chunk sent = frame.header().getChunk();
        return switch (decoders.decode(sent.getEncoding(), frame.payload(), chunk.elementCount(), chunk.rowWidth())) {
            case ChunkDecoders.Decoded.Values(var values) -> values;
            case ChunkDecoders.Decoded.Problem(var reason) ->
                throw refused(chunk.shard(), "in chunk " + sent.getChunk() + " " + reason);
        };
    }

    /**
     * That parameters go with those in place.
     *
     * @param version in place; −1 for none
     */
    void goesOn(FrameHeader header, ChunkTable.Chunk chunk, ChunkValues parameters, long version)
            throws ExchangeEndedException {
        Chunk sent = header.getChunk();
        if (parameters.encoding() instanceof SparseRows && sent.getBasedOn() != version) {
            throw refused(
                    chunk.shard(),
                    "in chunk " + sent.getChunk() + " expected rows that have changed since version " + version
                            + ", got those since version " + Long.toUnsignedString(sent.getBasedOn()));
        }
    }

    /** What a shard takes this worker to have done. Closes the frame. */
    long clock(StreamEvent.Received received) throws ExchangeEndedException {
        try (ExchangeFrame frame = received.frame()) {
            sameGeneration(frame.header(), received.shard());
            return frame.header().getClock().getClock();
        }
    }

    void sameGeneration(FrameHeader header, int shard) throws ExchangeEndedException {
        if (header.getGeneration() != target.generation() || !header.getJob().equals(target.job())) {
            throw refused(
                    shard,
                    "expected job " + target.job() + " generation " + target.generation() + ", got job "
                            + header.getJob() + " generation " + header.getGeneration());
        }
    }

    static ExchangeEndedException refused(int shard, String reason) {
        return new ExchangeEndedException(new ExchangeEnd.Refused(shard, reason));
    }
}
