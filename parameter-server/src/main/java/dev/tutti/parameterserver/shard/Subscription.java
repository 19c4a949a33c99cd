package dev.tutti.parameterserver.shard;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.parameterserver.policy.Peer;
import dev.tutti.proto.v1.Chunk;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.Fenced;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What one worker's stream is still owed. It holds chunk numbers, never parameters: a slow receiver costs a bit for each chunk, and gets
 * the newest version once it reads on. Used by one of the shard's tasks at a time.
 */
final class Subscription {
    private static final long NEVER = -1;

    private final WorkerStream stream;
    private final long generation;
    private final Peer peer;
    private final BitSet owed;
    /** Chunks that were ahead of the generation's start when it began, and have not been sent yet. */
    private final BitSet ahead;

    private final BitSet exact;
    private final long[] sentVersions;
    /** Of each chunk, the version that the worker has and rows alone can make a newer one of. */
    private final long[] bases;

    private long startVersion;
    private @Nullable FrameHeader fence;
    private @Nullable FrameHeader vote;
    private boolean clockOwed;
    private boolean heldBack;

    /**
     * A version of a chunk's parameters; the memory is the shard's.
     *
     * @param chunk what is said of it
     * @param isBase whether it is as parameters usually travel, so that later only rows that have changed since need to
     */
    record Version(long number, Chunk chunk, Payload parameters, boolean isBase) {}

    /** Looks up what to send of a chunk. */
    @FunctionalInterface
    interface Versions {
        /**
         * @param atMost the highest version the stream may have now
         * @param exact whether it is to be every bit of it
         * @param base the version that the worker has; −1 if there is none
         */
        Version of(int chunk, long atMost, boolean exact, long base);
    }

    Subscription(WorkerStream stream, long generation, Peer peer, int chunkCount) {
        this.peer = peer;
        this.stream = stream;
        this.generation = generation;
        this.owed = new BitSet(chunkCount);
        this.ahead = new BitSet(chunkCount);
        this.exact = new BitSet(chunkCount);
        this.sentVersions = new long[chunkCount];
        Arrays.fill(sentVersions, NEVER);
        this.bases = sentVersions.clone();
    }

    WorkerStream stream() {
        return stream;
    }

    long generation() {
        return generation;
    }

    /** What the job's policy remembers of it. */
    Peer peer() {
        return peer;
    }

    /** Returns whether it begins to be held back. */
    boolean holdBack(boolean holds) {
        boolean begins = holds && !heldBack;
        heldBack = holds;
        return begins;
    }

    boolean isHeldBack() {
        return heldBack;
    }

    /** The generation starts at a version: a chunk that is one ahead is sent as it was then, before anything newer. */
    void startAt(long version, ChunkMemory memory) {
        startVersion = version;
        for (int chunk = 0; chunk < memory.chunkCount(); chunk++) {
            ahead.set(chunk, memory.version(chunk) == version + 1);
        }
        oweAll();
    }

    void owe(int chunk) {
        owed.set(chunk);
    }

    void oweAll() {
        owed.set(0, sentVersions.length);
    }

    /** All chunks, every bit of them, whatever parameters usually travel as. */
    void oweAllExactly() {
        oweAll();
        exact.set(0, sentVersions.length);
    }

    /** Goes out before any chunk: whoever has all chunks of a version has had all votes on its step. */
    void oweVote(FrameHeader frame) {
        vote = frame;
    }

    /** What the worker's clock is taken to be. */
    void oweClock() {
        clockOwed = true;
    }

    /** Its generation is over. */
    void oweNothing() {
        owed.clear();
        exact.clear();
        vote = null;
        clockOwed = false;
    }

    boolean hasSent(int chunk, long version) {
        return sentVersions[chunk] >= version;
    }

    /** A frame of this header was of another generation; several such answers waiting to be sent become one. */
    void oweFence(FrameHeader got, long expected) {
        fence = got.toBuilder()
                .setFenced(Fenced.newBuilder().setExpectedGeneration(expected).setGotGeneration(got.getGeneration()))
                .build();
    }

    /**
     * Sends what is owed for as long as the stream takes it, lowest chunk first: the next forward pass begins there.
     *
     * @param sent told of each chunk
     * @return bytes of parameters sent
     */
    long send(FrameHeader address, Versions versions, IntConsumer sent) {
        long bytes = 0;
        FrameHeader waiting = fence;
        if (waiting != null && stream.isReady()) {
            fence = null;
            stream.send(new ExchangeFrame(waiting));
        }
        FrameHeader cast = vote;
        if (cast != null && stream.isReady()) {
            vote = null;
            stream.send(new ExchangeFrame(cast));
        }
        if (clockOwed && stream.isReady()) {
            clockOwed = false;
            stream.send(new ExchangeFrame(address.toBuilder()
                    .setClock(Clock.newBuilder().setClock(peer.clock()))
                    .build()));
        }
        for (int chunk = owed.nextSetBit(0); chunk >= 0 && stream.isReady(); chunk = owed.nextSetBit(chunk + 1)) {
            Version version = versions.of(
                    chunk, ahead.get(chunk) ? startVersion : Long.MAX_VALUE, exact.get(chunk), bases[chunk]);
            exact.clear(chunk);
            owed.clear(chunk);
            ahead.clear(chunk);
            sentVersions[chunk] = version.number();
            bases[chunk] = version.isBase() ? version.number() : NEVER;
            stream.send(new ExchangeFrame(
                    address.toBuilder()
                            .setStep(version.number())
                            .setChunk(version.chunk())
                            .build(),
                    version.parameters()));
            sent.accept(chunk);
            bytes += version.parameters().byteSize();
        }
        return bytes;
    }
}
