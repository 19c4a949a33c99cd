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
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.encoding.ChunkEncoding;
import dev.tutti.proto.wire.encoding.JobEncodings;
import dev.tutti.proto.wire.encoding.PlainFloats;
import dev.tutti.tensor.optimizer.LossScale;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** What a shard says to its workers. Used by the shard's thread only. */
final class ShardFrames {
    private final ShardSettings settings;
    private final Consistency consistency;
    private final ChunkMemory memory;
    private final ChunkEncoding encoding;
    /** The chunk that was encoded last, in memory of its own. */
    private Optional<MemorySegment> encodedBytes = Optional.empty();

    private long encodedSize;
    private int encodedChunk = -1;
    private long encodedVersion = -1;

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
    Subscription.Version version(int chunk, long atMost, boolean exact) {
        long version = memory.version(chunk);
        return version == atMost + 1
                ? version(chunk, atMost, exact, memory.previous(chunk))
                : version(chunk, version, exact, memory.current(chunk));
    }

    private Subscription.Version version(int chunk, long version, boolean exact, MemorySegment parameters) {
        boolean plain = exact || version == settings.totalSteps() || encoding instanceof PlainFloats;
        Payload payload = plain ? Payload.view(parameters) : encoded(chunk, version, parameters);
        Encoding id = plain ? Encoding.ENCODING_F32 : encoding.id();
        return new Subscription.Version(version, described(chunk, version, id), payload);
    }

    /** Encoded once, however many workers are sent it one after the other. */
    private Payload encoded(int chunk, long version, MemorySegment parameters) {
        if (chunk != encodedChunk || version != encodedVersion) {
            MemorySegment target = encodedBytes.orElseGet(this::allocate);
            encodedBytes = Optional.of(target);
            encodedSize = encoding.encode(parameters, target);
            encodedChunk = chunk;
            encodedVersion = version;
        }
        return Payload.view(encodedBytes.orElseThrow().asSlice(0, encodedSize));
    }

    /** As large as any chunk may become. */
    private MemorySegment allocate() {
        ChunkGrid grid = memory.grid();
        return memory.buffers().take(encoding.maxByteSize(grid.elementCount(0)));
    }

    private Chunk described(int chunk, long version, Encoding id) {
        Chunk.Builder described = Chunk.newBuilder().setChunk(chunk).setEncoding(id);
        if (chunk == 0) {
            switch (consistency) {
                case SynchronousUpdates updates -> addJobState(described, updates, version);
                case AsynchronousUpdates _ -> {
                    // Its workers know what they have trained on, and scale losses by themselves.
                }
            }
        }
        return described.build();
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
