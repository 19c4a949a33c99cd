package dev.tutti.parameterserver.shard;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.parameterserver.policy.AsynchronousUpdates;
import dev.tutti.parameterserver.policy.Consistency;
import dev.tutti.parameterserver.policy.SynchronousUpdates;
import dev.tutti.parameterserver.policy.Trained;
import dev.tutti.proto.v1.Chunk;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Vote;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.encoding.ChunkEncoding;
import dev.tutti.proto.wire.encoding.JobEncodings;
import dev.tutti.proto.wire.encoding.PlainFloats;
import dev.tutti.proto.wire.encoding.SparseRows;
import dev.tutti.tensor.optimizer.LossScale;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/** What a shard says to its workers. Used by one of the shard's tasks at a time. */
final class ShardFrames {
    private static final long WHOLE = -1;

    private final ShardSettings settings;
    private final Consistency consistency;
    private final ChunkMemory memory;
    private final ChunkEncoding encoding;
    /** The chunk that was encoded last, in memory of its own. */
    private Optional<MemorySegment> encodedBytes = Optional.empty();

    private long encodedSize;
    private int encodedChunk = -1;
    private long encodedVersion = -1;
    private long encodedBase = WHOLE;
    /** By the rows' width. */
    private final Map<Integer, SparseRows> rowEncodings = new HashMap<>();

    ShardFrames(ShardSettings settings, Consistency consistency) {
        this.settings = settings;
        this.consistency = consistency;
        this.memory = consistency.memory();
        this.encoding = JobEncodings.parameters(settings.spec().getTraining().getExchange());
    }

    /** What all frames of a generation begin with. */
    FrameHeader.Builder address(long generation) {
        return FrameHeader.newBuilder()
                .setJob(settings.job())
                .setShard(settings.shard())
                .setGeneration(generation);
    }

    FrameHeader vote(long generation, long step, Vote vote) {
        return address(generation).setStep(step).setVote(vote).build();
    }

    /** A chunk as it is now, or as it was one version ago. Valid until the next one is asked for. */
    Subscription.Version version(int chunk, long atMost, boolean exact, long base) {
        long version = memory.version(chunk);
        if (version == atMost + 1) {
            return whole(chunk, atMost, exact, memory.previous(chunk));
        }
        int width = memory.grid().rowWidth(chunk);
        if (width > 0 && base >= 0 && !exact && isUsual(version)) {
            BitSet changed = memory.changedRows(chunk, base);
            SparseRows rows = rowEncodings.computeIfAbsent(width, _ -> new SparseRows(width, encoding));
            if (rows.paysFor(changed.cardinality(), memory.grid().elementCount(chunk))) {
                Payload payload =
                        encoded(chunk, version, base, target -> rows.encode(memory.current(chunk), changed, target));
                Chunk described =
                        described(chunk, version, rows.id()).setBasedOn(base).build();
                return new Subscription.Version(version, described, payload, true);
            }
        }
        return whole(chunk, version, exact, memory.current(chunk));
    }

    /** Parameters travel as the job says, but for the last. */
    private boolean isUsual(long version) {
        return encoding instanceof PlainFloats || version != settings.totalSteps();
    }

    private Subscription.Version whole(int chunk, long version, boolean exact, MemorySegment parameters) {
        boolean plain = exact || !isUsual(version) || encoding instanceof PlainFloats;
        Payload payload = plain
                ? Payload.view(parameters)
                : encoded(chunk, version, WHOLE, target -> encoding.encode(parameters, target));
        Encoding id = plain ? Encoding.ENCODING_F32 : encoding.id();
        return new Subscription.Version(version, described(chunk, version, id).build(), payload, id == encoding.id());
    }

    /**
     * Encoded once, however many workers are sent it one after the other.
     *
     * @param base since which its rows have changed; {@link #WHOLE} for all of it
     */
    private Payload encoded(int chunk, long version, long base, ToLongFunction<MemorySegment> encode) {
        if (chunk != encodedChunk || version != encodedVersion || base != encodedBase) {
            MemorySegment target = encodedBytes.orElseGet(this::allocate);
            encodedBytes = Optional.of(target);
            encodedSize = encode.applyAsLong(target);
            encodedChunk = chunk;
            encodedVersion = version;
            encodedBase = base;
        }
        return Payload.view(encodedBytes.orElseThrow().asSlice(0, encodedSize));
    }

    /** As large as any chunk may become; rows only travel if they take less. */
    private MemorySegment allocate() {
        return memory.buffers().take(encoding.maxByteSize(memory.grid().maxElementCount()));
    }

    private Chunk.Builder described(int chunk, long version, Encoding id) {
        Chunk.Builder described = Chunk.newBuilder().setChunk(chunk).setEncoding(id);
        if (chunk == 0) {
            switch (consistency) {
                case SynchronousUpdates updates -> addJobState(described, updates, version);
                case AsynchronousUpdates _ -> {
                    // Its workers know what they have trained on, and scale losses by themselves.
                }
            }
        }
        return described;
    }

    private static void addJobState(Chunk.Builder first, SynchronousUpdates updates, long version) {
        Trained trained = updates.trained(version);
        first.setEpochLossSum(trained.lossSum()).setEpochSamples(trained.samples());
        updates.trainedLastEpoch()
                .ifPresent(last -> first.setLastEpochLossSum(last.lossSum()).setLastEpochSamples(last.samples()));
        LossScale scale = updates.lossScale(version);
        if (!scale.equals(LossScale.NONE)) {
            first.setLossScale(scale.value()).setSkippedSteps(scale.skippedSteps());
        }
    }
}
