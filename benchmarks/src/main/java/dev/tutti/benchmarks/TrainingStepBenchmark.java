package dev.tutti.benchmarks;

import dev.tutti.benchmarks.step.TrainingStep;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.graph.ElementType;
import java.util.concurrent.TimeUnit;
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

/** One training step of a preset in one process: forward, backward and optimizer, one compute thread, random data. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC"})
public class TrainingStepBenchmark {
    @Param({"cpu"})
    String backend;

    @Param({"mlp", "lenet", "lstm", "transformer"})
    String model;

    @Param({"F32", "BF16"})
    ElementType precision;

    private TrainingStep step;

    @Setup(Level.Trial)
    public void compile() {
        step = TrainingStep.of(model, precision, Backends.select(backend, 1));
    }

    @Benchmark
    public float step() {
        return step.run();
    }

    @TearDown(Level.Trial)
    public void close() {
        step.close();
    }
}
