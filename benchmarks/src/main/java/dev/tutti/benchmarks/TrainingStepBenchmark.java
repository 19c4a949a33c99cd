package dev.tutti.benchmarks;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.random.ParameterInitialization;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One training step of examples/mnist-mlp.yaml's model in one process: forward and backward, then Adam over the flat space, one
 * compute thread, random data.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC"})
public class TrainingStepBenchmark {
    private static final int CLASSES = 10;
    private static final ModelSpec MODEL = ModelSpec.mlp(784, List.of(256, 128, 64), CLASSES);
    private static final int BYTE_ALIGNMENT = 64;

    @Param({"cpu"})
    String backend;

    @Param({"F32", "BF16"})
    ElementType precision;

    @Param({"32", "128"})
    int batch;

    private final Arena arena = Arena.ofConfined();
    private final SliceOptimizer optimizer = new SliceOptimizer(new Adam(0.001, 0.9, 0.999, 1e-8), Regularization.NONE);
    private Program program;
    private ParameterBuffers buffers;
    private List<MemorySegment> state;
    private long elements;
    private long update;

    @Setup(Level.Trial)
    public void compile() {
        Backend chosen = Backends.select(backend, 1);
        Graph graph = Models.training(MODEL, Objective.of(Task.CROSS_ENTROPY), batch, precision);
        elements = graph.parameterElements();
        buffers = new ParameterBuffers(floats(), floats());
        state = IntStream.range(0, optimizer.stateSlots())
                .mapToObj(_ -> floats())
                .toList();
        for (Parameter parameter : graph.parameters()) {
            ParameterInitialization.fill(
                    42,
                    parameter.name(),
                    parameter.initializer(),
                    0,
                    parameter.elementCount(),
                    buffers.parameters().asSlice(parameter.offset() * Float.BYTES));
        }
        program = chosen.compile(graph, buffers);
        fillInputs();
    }

    private MemorySegment floats() {
        return arena.allocate(elements * Float.BYTES, BYTE_ALIGNMENT);
    }

    private void fillInputs() {
        SplittableRandom random = new SplittableRandom(7);
        MemorySegment features = program.input("features");
        for (long i = 0; i < features.byteSize() / Float.BYTES; i++) {
            features.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        MemorySegment labels = program.input("labels");
        for (int row = 0; row < batch; row++) {
            labels.setAtIndex(ValueLayout.JAVA_INT, row, random.nextInt(CLASSES));
        }
        program.input("gradient-scale").setAtIndex(ValueLayout.JAVA_FLOAT, 0, 1f / batch);
    }

    @Benchmark
    public float step() {
        program.run();
        optimizer.apply(buffers.parameters(), buffers.parameters(), buffers.gradients(), 1, state, elements, ++update);
        return program.output("loss-sum").getAtIndex(ValueLayout.JAVA_FLOAT, 0);
    }

    @TearDown(Level.Trial)
    public void close() {
        program.close();
        arena.close();
    }
}
