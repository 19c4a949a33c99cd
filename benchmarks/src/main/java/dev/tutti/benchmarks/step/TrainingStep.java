package dev.tutti.benchmarks.step;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tutti.proto.launch.StepBenchmark;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Trainer;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.FlopCount;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.random.ParameterInitialization;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;

/** Forward, backward and optimizer of a model in this process, on one batch of random data. One thread uses it. */
public final class TrainingStep implements AutoCloseable {
    private static final long SEED = 7;
    private static final int PROFILED_RUNS = 51;

    private final Arena arena = Arena.ofConfined();
    private final Graph graph;
    private final Trainer trainer;

    /**
     * @throws UnsupportedOperationException if the backend lacks an operation
     * @throws OutOfMemoryError if model and batch do not fit into this process; nothing is left of them then
     */
    TrainingStep(BenchModel model, Backend backend) {
        this.graph = Models.training(model.spec(), model.objective(), model.batch(), model.precision());
        try {
            ParameterBuffers buffers = backend.buffers(graph.parameterElements(), arena);
            for (Parameter parameter : graph.parameters()) {
                ParameterInitialization.fill(
                        SEED,
                        parameter.name(),
                        parameter.initializer(),
                        0,
                        parameter.elementCount(),
                        buffers.parameters().asSlice(parameter.offset() * Float.BYTES));
            }
            this.trainer = backend.trainer(graph, buffers, model.optimizer());
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
        trainer.step();
        return trainer.output(Models.LOSS_SUM).get(JAVA_FLOAT, 0);
    }

    /** What each instruction takes, and the optimizer. */
    List<StepBenchmark.Part> profile() {
        return trainer.profile(PROFILED_RUNS).stream()
                .map(timing -> new StepBenchmark.Part(timing.instruction(), timing.nanos() * 1e-3))
                .toList();
    }

    @Override
    public void close() {
        trainer.close();
        arena.close();
    }

    private void fillInputs(BenchModel model) {
        SplittableRandom random = new SplittableRandom(SEED);
        int outputs = outputs(model);
        for (Tensor input : graph.inputs()) {
            MemorySegment memory = trainer.input(input.name());
            for (long i = 0; i < input.elementCount(); i++) {
                if (input.type() == ElementType.I32) {
                    memory.setAtIndex(JAVA_INT, i, random.nextInt(outputs));
                } else {
                    memory.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
                }
            }
        }
        long rows = graph.input(Models.LABELS).shape().size(0);
        trainer.input(Models.GRADIENT_SCALE).set(JAVA_FLOAT, 0, 1f / rows);
        int samples = graph.input(Models.FEATURES).shape().size(0);
        trainer.input(Models.STATISTIC_SCALE).set(JAVA_FLOAT, 0, 1f / samples);
    }

    /** Tokens and labels are below it. */
    private static int outputs(BenchModel model) {
        Graph one = Models.evaluation(model.spec(), model.objective(), 1, ElementType.F32);
        return one.output(Models.LOGITS).shape().last();
    }
}
