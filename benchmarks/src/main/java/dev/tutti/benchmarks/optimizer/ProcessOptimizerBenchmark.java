package dev.tutti.benchmarks.optimizer;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.parameterserver.memory.ChunkUpdate;
import dev.tutti.parameterserver.memory.ScaledGradient;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.OptimizerBenchmark;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.ShardMaps;
import dev.tutti.tensor.optimizer.Adagrad;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.RmsProp;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.optimizer.UpdateRule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** The memory and the code of a shard, without its network. */
public final class ProcessOptimizerBenchmark implements OptimizerBenchmark {
    private static final int USAGE = 2;
    private static final int LEAST_UPDATES = 3;
    private static final double ADAMW_DECAY = 0.01;

    @Override
    public Result measure(Request request) throws LaunchException {
        UpdateRule rule = rule(request.optimizer());
        double decay = request.optimizer().equals("adamw") ? ADAMW_DECAY : 0;
        SliceOptimizer optimizer = new SliceOptimizer(rule, new Regularization(0, 0, decay, Double.POSITIVE_INFINITY));
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

    private static UpdateRule rule(String name) throws LaunchException {
        return switch (name) {
            case "sgd" -> new Sgd(0.01, 0, false);
            case "momentum" -> new Sgd(0.01, 0.9, false);
            case "nesterov" -> new Sgd(0.01, 0.9, true);
            case "adam", "adamw" -> new Adam(0.001, 0.9, 0.999, 1e-8);
            case "rmsprop" -> new RmsProp(0.01, 0.99, 1e-8, 0);
            case "adagrad" -> new Adagrad(0.01, 0, 1e-10);
            default ->
                throw new LaunchException(
                        USAGE,
                        "--optimizer must be one of sgd, momentum, nesterov, adam, adamw, rmsprop, adagrad, got "
                                + name,
                        null);
        };
    }
}
