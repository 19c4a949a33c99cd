package dev.tutti.tensor.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.model.Layer;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Averaging;
import dev.tutti.tensor.optimizer.Finiteness;
import dev.tutti.tensor.optimizer.GradientScaling;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.optimizer.SquareSum;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ten thousand steps leave the C library's heap as large as it was, and the process as well. */
@SuppressWarnings("restricted")
class SteadyMemoryTest {
    private static final int STEPS = 10_000;
    private static final int CLASSES = 10;
    private static final int ROUNDS = 10;
    private static final int ELEMENTS = 2100;
    /** What the JIT compiler and the garbage collector may do meanwhile. A step that leaked 400 bytes would be found. */
    private static final long RESIDENT_SLACK_KIB = 4_000;

    @BeforeAll
    static void libraryIsThere() {
        assumeTrue(OneDnn.isEnabled(), OneDnn::reason);
    }

    static Stream<Arguments> models() {
        List<ModelSpec> models = List.of(
                ModelSpec.mlp(20, List.of(16, 8), CLASSES),
                new ModelSpec(new ModelInput.Numbers(List.of(16, 16)), Presets.lenet(CLASSES)),
                new ModelSpec(new ModelInput.Numbers(List.of(4, 5)), Presets.lstm(8, 2, CLASSES)),
                new ModelSpec(new ModelInput.Tokens(8, OptionalInt.empty()), transformer()));
        return models.stream()
                .flatMap(model -> Stream.concat(
                        Stream.of(ElementType.F32, ElementType.BF16, ElementType.F16)
                                .map(type -> Arguments.of(CpuBackend.oneDnn(1), model, type)),
                        Stream.of(Arguments.of(CpuBackend.portable(), model, ElementType.F32))));
    }

    private static List<Layer> transformer() {
        return new Presets.Transformer(
                        CLASSES,
                        16,
                        2,
                        2,
                        32,
                        0.1f,
                        Layer.Positions.Encoding.LEARNED,
                        Activation.GELU,
                        true,
                        true,
                        true)
                .layers(CLASSES, true);
    }

    @ParameterizedTest
    @MethodSource("models")
    void stepsGrowTheProcessByNothing(CpuBackend backend, ModelSpec model, ElementType compute) throws Throwable {
        try (Execution execution =
                new Execution(backend, Models.training(model, Objective.of(Task.CROSS_ENTROPY), 2, compute))) {
            Program program = execution.draw(1, CLASSES).program();
            assertSteady(program::run);
        }
    }

    @Test
    void updatesGrowTheProcessByNothing() throws Throwable {
        SliceOptimizer optimizer =
                new SliceOptimizer(new Adam(0.01, 0.9, 0.999, 1e-8), new Regularization(0.01, 0.02, 0.03, 0.9));
        Averaging averaging = new Averaging();
        SquareSum squares = new SquareSum();
        Finiteness finiteness = new Finiteness();
        GradientScaling scaling = new GradientScaling();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment parameters = arena.allocate(JAVA_FLOAT, ELEMENTS);
            MemorySegment gradient = arena.allocate(JAVA_FLOAT, ELEMENTS);
            List<MemorySegment> state =
                    List.of(arena.allocate(JAVA_FLOAT, ELEMENTS), arena.allocate(JAVA_FLOAT, ELEMENTS));
            assertSteady(() -> {
                scaling.apply(gradient, 0.5f, ELEMENTS);
                assertThat(finiteness.isFinite(gradient, ELEMENTS)).isTrue();
                squares.add(gradient, ELEMENTS);
                optimizer.apply(parameters, parameters, gradient, 1, state, ELEMENTS, 1);
                averaging.apply(parameters, parameters, gradient, 1, ELEMENTS);
            });
        }
    }

    private static void assertSteady(Runnable step) throws Throwable {
        long leastNative = Long.MAX_VALUE;
        long leastResident = Long.MAX_VALUE;
        run(step, STEPS);
        for (int round = 0; round < ROUNDS && (leastNative > 0 || leastResident > RESIDENT_SLACK_KIB); round++) {
            long nativeBefore = nativeBytes();
            long residentBefore = residentKib();
            run(step, STEPS);
            leastNative = Math.min(leastNative, nativeBytes() - nativeBefore);
            leastResident = Math.min(leastResident, residentKib() - residentBefore);
        }
        assertThat(leastNative).as("bytes that malloc gave for %d steps", STEPS).isLessThanOrEqualTo(0);
        assertThat(leastResident)
                .as("KiB by which the process grew in %d steps", STEPS)
                .isLessThanOrEqualTo(RESIDENT_SLACK_KIB);
    }

    private static void run(Runnable step, int steps) {
        for (int i = 0; i < steps; i++) {
            step.run();
        }
    }

    /** What {@code malloc} has given and not got back: {@code mallinfo2().uordblks} of the GNU C library. */
    private static long nativeBytes() throws Throwable {
        Linker linker = Linker.nativeLinker();
        var symbol = linker.defaultLookup().find("mallinfo2");
        assumeTrue(symbol.isPresent(), "this C library has no mallinfo2");
        MemoryLayout fields = MemoryLayout.structLayout(MemoryLayout.sequenceLayout(10, JAVA_LONG));
        MethodHandle mallinfo = linker.downcallHandle(symbol.orElseThrow(), FunctionDescriptor.of(fields));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = (MemorySegment) mallinfo.invoke(arena);
            return info.getAtIndex(JAVA_LONG, 7);
        }
    }

    private static long residentKib() throws IOException {
        Path status = Path.of("/proc/self/status");
        assumeTrue(Files.isReadable(status), "there is no /proc here");
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow();
    }
}
