package dev.tutti.benchmarks.step;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tutti.proto.launch.StepBenchmark;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.FlopCount;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.random.ParameterInitialization;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Forward, backward and optimizer of a model in this process, on one batch of random data. One thread uses it. */
public final class TrainingStep implements AutoCloseable {
    private static final long SEED = 7;
    private static final int BYTE_ALIGNMENT = 64;
    private static final int PROFILED_RUNS = 51;

    private final Arena arena = Arena.ofConfined();
    private final Graph graph;
    private final SliceOptimizer optimizer;
    private final ParameterBuffers buffers;
    private final List<MemorySegment> state;
    private final Program program;
    private long update;

    /**
     * @throws UnsupportedOperationException if the backend lacks an operation
     * @throws OutOfMemoryError if model and batch do not fit into this process; nothing is left of them then
     */
    TrainingStep(BenchModel model, Backend backend) {
        this.graph = Models.training(model.spec(), model.objective(), model.batch(), model.precision());
        this.optimizer = model.optimizer();
        try {
            this.buffers = new ParameterBuffers(floats(), floats());
            this.state = IntStream.range(0, optimizer.stateSlots())
                    .mapToObj(_ -> floats())
                    .toList();
            for (Parameter parameter : graph.parameters()) {
                ParameterInitialization.fill(
                        SEED,
                        parameter.name(),
                        parameter.initializer(),
                        0,
                        parameter.elementCount(),
                        buffers.parameters().asSlice(parameter.offset() * Float.BYTES));
            }
            this.program = backend.compile(graph, buffers);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
        fillInputs(model);
    }

    /** By the name of one of the presets to measure. */
    public static TrainingStep of(String preset, ElementType precision, Backend backend) {
        BenchModel model = BenchModel.Preset.named(preset).orElseThrow().model();
        return new TrainingStep(model.with(model.batch(), precision), backend);
    }

    public long parameterCount() {
        return graph.parameterElements();
    }

    public long flops() {
        return FlopCount.of(graph);
    }

    /** @return the sum of the rows' losses */
    public float run() {
        program.run();
        optimize();
        return program.output(Models.LOSS_SUM).get(JAVA_FLOAT, 0);
    }

    private void optimize() {
        optimizer.apply(
                buffers.parameters(),
                buffers.parameters(),
                buffers.gradients(),
                1,
                state,
                graph.parameterElements(),
                ++update);
    }

    /** What each instruction takes, and the optimizer. */
    List<StepBenchmark.Part> profile() {
        List<StepBenchmark.Part> parts = new ArrayList<>();
        for (Program.Timing timing : program.profile(PROFILED_RUNS)) {
            parts.add(new StepBenchmark.Part(timing.instruction(), timing.nanos() * 1e-3));
        }
        long[] nanos = new long[PROFILED_RUNS];
        for (int run = 0; run < PROFILED_RUNS; run++) {
            long begin = System.nanoTime();
            optimize();
            nanos[run] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        parts.add(new StepBenchmark.Part("optimizer", nanos[PROFILED_RUNS / 2] * 1e-3));
        return parts;
    }

    @Override
    public void close() {
        program.close();
        arena.close();
    }

    private MemorySegment floats() {
        return arena.allocate(graph.parameterElements() * Float.BYTES, BYTE_ALIGNMENT);
    }

    private void fillInputs(BenchModel model) {
        SplittableRandom random = new SplittableRandom(SEED);
        int outputs = outputs(model);
        for (Tensor input : graph.inputs()) {
            MemorySegment memory = program.input(input.name());
            for (long i = 0; i < input.elementCount(); i++) {
                if (input.type() == ElementType.I32) {
                    memory.setAtIndex(JAVA_INT, i, random.nextInt(outputs));
                } else {
                    memory.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
                }
            }
        }
        long rows = graph.input(Models.LABELS).shape().size(0);
        program.input(Models.GRADIENT_SCALE).set(JAVA_FLOAT, 0, 1f / rows);
        int samples = graph.input(Models.FEATURES).shape().size(0);
        program.input(Models.STATISTIC_SCALE).set(JAVA_FLOAT, 0, 1f / samples);
    }

    /** Tokens and labels are below it. */
    private static int outputs(BenchModel model) {
        Graph one = Models.evaluation(model.spec(), model.objective(), 1, ElementType.F32);
        return one.output(Models.LOGITS).shape().last();
    }
}
