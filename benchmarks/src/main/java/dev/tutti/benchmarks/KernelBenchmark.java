package dev.tutti.benchmarks;

import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
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

/** One operation over zeros, in the shapes it has in the presets of {@code tutti bench step}; one compute thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC"})
public class KernelBenchmark {
    private static final float EPSILON = 1e-5f;

    /** What is measured. */
    public enum Kernel {
        MATMUL,
        MATMUL_OF_WEIGHT_GRADIENT,
        CONV2D,
        CONV2D_WEIGHT_GRADIENT,
        MAX_POOL,
        LSTM,
        ATTENTION,
        LAYER_NORM,
        GELU,
        DROPOUT,
        CROSS_ENTROPY_GRADIENT,
        CAST
    }

    @Param
    Kernel kernel;

    @Param({"F32", "BF16"})
    ElementType type;

    private final Arena arena = Arena.ofConfined();
    private Program program;

    @Setup(Level.Trial)
    public void compile() {
        GraphBuilder builder = new GraphBuilder();
        Tensor y = builder.add("y", op(builder));
        builder.output("y", y);
        MemorySegment none = arena.allocate(64, 64);
        program = Backends.select("cpu", 1).compile(builder.build(), new ParameterBuffers(none, none));
    }

    /** Products read the given type. */
    private Op op(GraphBuilder b) {
        return switch (kernel) {
            case MATMUL ->
                new MatrixOp.MatMul(
                        b.input("x", type, Shape.of(1024, 256)), false, b.input("w", type, Shape.of(1024, 256)), true);
            case MATMUL_OF_WEIGHT_GRADIENT ->
                new MatrixOp.MatMul(
                        b.input("g", type, Shape.of(1024, 1024)), true, b.input("x", type, Shape.of(1024, 256)), false);
            case CONV2D ->
                new ConvolutionOp.Conv2d(
                        b.input("x", type, Shape.of(6, 14, 14, 64)),
                        b.input("w", type, Shape.of(16, 6, 5, 5)),
                        b.input("bias", ElementType.F32, Shape.of(16)),
                        Window.square(5, 1, 0),
                        1,
                        ImageLayout.SAMPLES_LAST);
            case CONV2D_WEIGHT_GRADIENT ->
                new ConvolutionOp.Conv2dWeightGradient(
                        b.input("g", type, Shape.of(16, 10, 10, 64)),
                        b.input("x", type, Shape.of(6, 14, 14, 64)),
                        Window.square(5, 1, 0),
                        1,
                        ImageLayout.SAMPLES_LAST);
            case MAX_POOL ->
                new ConvolutionOp.MaxPool(
                        b.input("x", ElementType.F32, Shape.of(6, 28, 28, 64)),
                        Window.square(2, 2, 0),
                        ImageLayout.SAMPLES_LAST);
            case LSTM ->
                new SequenceOp.Lstm(
                        b.input("x", ElementType.F32, Shape.of(28, 64, 1024)), b.input("w", type, Shape.of(1024, 256)));
            case ATTENTION ->
                new SequenceOp.Attention(b.input("qkv", type, Shape.of(8, 128, 768)), Optional.empty(), 4, false);
            case LAYER_NORM ->
                new NormalizationOp.LayerNorm(
                        b.input("x", ElementType.F32, Shape.of(1024, 256)),
                        b.input("gamma", ElementType.F32, Shape.of(256)),
                        b.input("beta", ElementType.F32, Shape.of(256)),
                        EPSILON);
            case GELU ->
                new ElementwiseOp.Activate(b.input("x", ElementType.F32, Shape.of(1024, 1024)), Activation.GELU);
            case DROPOUT ->
                new ElementwiseOp.Dropout(
                        b.input("x", ElementType.F32, Shape.of(1024, 256)),
                        b.input("key", ElementType.I32, Shape.of(6)),
                        0.1f,
                        1);
            case CROSS_ENTROPY_GRADIENT ->
                new LossOp.CrossEntropyGradient(
                        b.input("g", ElementType.F32, Shape.SCALAR),
                        b.input("logits", ElementType.F32, Shape.of(1024, 256)),
                        b.input("labels", ElementType.I32, Shape.of(1024)));
            case CAST -> new ElementwiseOp.Cast(b.input("x", ElementType.F32, Shape.of(1024, 1024)), ElementType.BF16);
        };
    }

    @Benchmark
    public void run() {
        program.run();
    }

    @TearDown(Level.Trial)
    public void close() {
        program.close();
        arena.close();
    }
}
