package dev.tutti.benchmarks.optimizer;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.parameterserver.memory.ChunkUpdate;
import dev.tutti.parameterserver.memory.ScaledGradient;
import dev.tutti.parameterserver.shard.JobOptimizer;
import dev.tutti.proto.launch.OptimizerBenchmark;
import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.Adagrad;
import dev.tutti.proto.v1.Adam;
import dev.tutti.proto.v1.Adamw;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Optimizer;
import dev.tutti.proto.v1.Rmsprop;
import dev.tutti.proto.v1.Sgd;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.ShardMaps;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** The memory and the code of a shard, without its network. */
public final class ProcessOptimizerBenchmark implements OptimizerBenchmark {
    private static final int LEAST_UPDATES = 3;
    /** Its rate and its momentum have no defaults. */
    private static final Sgd WITH_RATE = Sgd.newBuilder().setRate(0.01).build();

    private static final double USUAL_MOMENTUM = 0.9;

    @Override
    public Result measure(Request request) {
        SliceOptimizer optimizer = optimizer(request.rule());
        // Parameters and state are read and written, the gradient is read.
        int bytes = Float.BYTES * (1 + 2 * (1 + optimizer.stateNames().size()));
        long elements = request.parameters();
        ChunkGrid grid = new ChunkGrid(0, elements, ShardMaps.defaultChunkElements(elements));
        TensorPlacement tensor =
                TensorPlacement.newBuilder().addShape(Math.toIntExact(elements)).build();
        try (Arena arena = Arena.ofConfined();
                ChunkMemory memory = new ChunkMemory(
                        new ChunkUpdate(grid, List.of(tensor), optimizer, ChunkUpdate.Averaged.STATISTIC),
                        ChunkMemory.History.PREVIOUS)) {
            MemorySegment gradient = arena.allocate(elements * Float.BYTES, 64);
            MemorySegment copy = arena.allocate(elements * Float.BYTES, 64);
            for (long i = 0; i < elements; i++) {
                gradient.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) Math.sin((double) i));
            }
            return time(request, memory, gradient, copy, bytes);
        }
    }

    /** Updates and copies in turn; the first third of the time is for the JIT compiler. */
    private static Result time(
            Request request, ChunkMemory memory, MemorySegment gradient, MemorySegment copy, int bytes) {
        List<Double> updates = new ArrayList<>();
        List<Double> copies = new ArrayList<>();
        long begin = System.nanoTime();
        long warm = begin + request.time().toNanos() / 3;
        long end = begin + request.time().toNanos();
        while (updates.size() < LEAST_UPDATES || System.nanoTime() < end) {
            boolean counts = System.nanoTime() >= warm;
            double update = seconds(() -> update(memory, gradient));
            double copied = seconds(() -> copy.copyFrom(gradient));
            if (counts) {
                updates.add(update);
                copies.add(copied);
            }
        }
        double copyBandwidth = 2.0 * gradient.byteSize() / median(copies);
        return new Result(request.parameters(), bytes, updates.size(), median(updates), copyBandwidth);
    }

    private static void update(ChunkMemory memory, MemorySegment gradient) {
        ChunkGrid grid = memory.grid();
        for (int chunk = 0; chunk < memory.chunkCount(); chunk++) {
            MemorySegment part =
                    gradient.asSlice(grid.begin(chunk) * Float.BYTES, (long) grid.elementCount(chunk) * Float.BYTES);
            memory.update(chunk, ScaledGradient.plain(part));
        }
    }

    private static double seconds(Runnable task) {
        long begin = System.nanoTime();
        task.run();
        return (System.nanoTime() - begin) / 1e9;
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    /** As a shard of a job has it that says no more. */
    private static SliceOptimizer optimizer(Rule rule) {
        JobSpec.Builder spec = JobSpec.newBuilder();
        Optimizer.Builder optimizer = spec.getTrainingBuilder().getOptimizerBuilder();
        switch (rule) {
            case SGD -> optimizer.setSgd(WITH_RATE);
            case MOMENTUM -> optimizer.setSgd(WITH_RATE.toBuilder().setMomentum(USUAL_MOMENTUM));
            case NESTEROV ->
                optimizer.setSgd(
                        WITH_RATE.toBuilder().setMomentum(USUAL_MOMENTUM).setNesterov(true));
            case ADAM -> optimizer.setAdam(Adam.getDefaultInstance());
            case ADAMW -> optimizer.setAdamw(Adamw.getDefaultInstance());
            case RMSPROP -> optimizer.setRmsprop(Rmsprop.getDefaultInstance());
            case ADAGRAD -> optimizer.setAdagrad(Adagrad.getDefaultInstance());
        }
        JobSpec job = JobSpecs.withDefaults(spec.build());
        return JobOptimizer.of(job.getName(), job.getTraining());
    }
}
