package dev.tutti.parameterserver.shard;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Initializer;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Open;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.v1.Sgd;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.ShardMaps;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Small jobs, and the frames their workers send. */
public final class Jobs {
    public static final String JOB = "job-1";

    /** Of one epoch, the only one. */
    public static final int STEPS = 5;

    private Jobs() {}

    /** A 5 × 8 weight and a bias of 7: 47 parameters, chunks of 16, plain SGD with rate 0.5. */
    public static ShardSettings synchronous(int slices, Path checkpoints) {
        return settings(
                slices,
                checkpoints,
                job -> job.getTrainingBuilder().getConsistencyBuilder().getSynchronousBuilder());
    }

    public static ShardSettings asynchronous(Path checkpoints) {
        return settings(
                1,
                checkpoints,
                job -> job.getTrainingBuilder().getConsistencyBuilder().getAsynchronousBuilder());
    }

    /** Steps complete without the last so many workers. */
    static ShardSettings withBackupWorkers(int slices, int backupWorkers) {
        return settings(
                slices,
                Path.of("unused"),
                job -> job.getTrainingBuilder()
                        .getConsistencyBuilder()
                        .getSynchronousBuilder()
                        .setBackupWorkers(backupWorkers));
    }

    /** Rounds, and an outer optimizer with rate 0.5 and momentum 0.75. */
    static ShardSettings local(int slices, Path checkpoints) {
        return settings(
                slices,
                checkpoints,
                job -> job.getTrainingBuilder()
                        .getConsistencyBuilder()
                        .getLocalBuilder()
                        .setSteps(10)
                        .getOuterBuilder()
                        .setRate(0.5)
                        .setMomentum(0.75));
    }

    static ShardSettings boundedStaleness(int clocks) {
        return settings(
                1,
                Path.of("unused"),
                job -> job.getTrainingBuilder()
                        .getConsistencyBuilder()
                        .getBoundedStalenessBuilder()
                        .setClocks(clocks));
    }

    static ShardSettings settings(int slices, Path checkpoints, Consumer<JobSpec.Builder> consistency) {
        JobSpec.Builder spec = JobSpec.newBuilder().setSeed(42);
        consistency.accept(spec);
        spec.getTrainingBuilder()
                .getOptimizerBuilder()
                .setSgd(Sgd.newBuilder().setRate(0.5).setMomentum(0.9));
        spec.getCheckpointBuilder().setEvery(2);
        return new ShardSettings(JOB, spec.build(), map(1), 0, slices, STEPS, checkpoints);
    }

    public static ShardMap map(int servers) {
        TensorPlacement weight = TensorPlacement.newBuilder()
                .setName("dense-1.weight")
                .addAllShape(List.of(5, 8))
                .setInitializer(Initializer.newBuilder().setUniformBound(0.25))
                .build();
        TensorPlacement bias = TensorPlacement.newBuilder()
                .setName("dense-1.bias")
                .addShape(7)
                .setOffset(40)
                .setInitializer(Initializer.newBuilder().setConstant(1))
                .build();
        return ShardMaps.plan(
                List.of(weight, bias),
                IntStream.range(0, servers)
                        .mapToObj(i -> new ShardMaps.Server("server-" + i, "127.0.0.1:1", ""))
                        .toList(),
                16);
    }

    public static FrameHeader open(long generation, long startStep) {
        return header(generation)
                .setStep(startStep)
                .setOpen(Open.newBuilder().setWorker("worker-1").setStartStep(startStep))
                .build();
    }

    public static FrameHeader.Builder header(long generation) {
        return FrameHeader.newBuilder().setJob(JOB).setGeneration(generation);
    }

    public static ExchangeFrame push(long generation, long step, int chunk, int begin, int end, float... gradient) {
        return new ExchangeFrame(
                header(generation)
                        .setStep(step)
                        .setPush(Push.newBuilder()
                                .setChunk(chunk)
                                .setEncoding(Encoding.ENCODING_F32)
                                .setSliceBegin(begin)
                                .setSliceEnd(end))
                        .build(),
                Payload.view(MemorySegment.ofArray(gradient)));
    }

    /** Pushes zeros for all slices of a step, to all chunks but the first. */
    static void completeOtherChunks(Shard shard, WorkerStream stream, long step, int slices) {
        shard.receive(stream, push(1, step, 1, 0, slices, new float[16]));
        shard.receive(stream, push(1, step, 2, 0, slices, new float[15]));
    }

    /** A push of zeros for the first chunk that tells what its slices lost, each with two rows. */
    public static ExchangeFrame lost(long generation, long step, int begin, Float... losses) {
        FrameHeader.Builder header = push(generation, step, 0, begin, begin + losses.length).header().toBuilder();
        header.getPushBuilder()
                .addAllSliceLosses(List.of(losses))
                .addAllSliceRows(Collections.nCopies(losses.length, 2));
        return new ExchangeFrame(header.build(), Payload.view(MemorySegment.ofArray(new float[16])));
    }

    public static ExchangeFrame batch(int chunk, int epoch, int batch, int attempt, float... gradient) {
        return new ExchangeFrame(
                header(1)
                        .setPush(Push.newBuilder()
                                .setChunk(chunk)
                                .setEncoding(Encoding.ENCODING_F32)
                                .setEpoch(epoch)
                                .setBatch(batch)
                                .setAttempt(attempt))
                        .build(),
                Payload.view(MemorySegment.ofArray(gradient)));
    }

    public static float[] constant(int count, float value) {
        float[] gradient = new float[count];
        Arrays.fill(gradient, value);
        return gradient;
    }
}
