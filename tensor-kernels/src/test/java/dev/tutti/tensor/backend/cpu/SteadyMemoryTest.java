package dev.tutti.tensor.backend.cpu;

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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ten thousand steps leave the C library's heap as large as it was, and the process as well. */
@SuppressWarnings("restricted")
class SteadyMemoryTest {
    private static final int STEPS = 10_000;
    private static final int CLASSES = 10;
    private static final int ROUNDS = 10;
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
                .flatMap(model -> Stream.of(ElementType.F32, ElementType.BF16).map(type -> Arguments.of(model, type)));
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
    void stepsGrowTheProcessByNothing(ModelSpec model, ElementType compute) throws Throwable {
        try (Execution execution = new Execution(
                CpuBackend.oneDnn(1), Models.training(model, Objective.of(Task.CROSS_ENTROPY), 2, compute))) {
            Program program = execution.draw(1, CLASSES).program();
            long leastNative = Long.MAX_VALUE;
            long leastResident = Long.MAX_VALUE;
            run(program, STEPS);
            for (int round = 0; round < ROUNDS && (leastNative > 0 || leastResident > RESIDENT_SLACK_KIB); round++) {
                long nativeBefore = nativeBytes();
                long residentBefore = residentKib();
                run(program, STEPS);
                leastNative = Math.min(leastNative, nativeBytes() - nativeBefore);
                leastResident = Math.min(leastResident, residentKib() - residentBefore);
            }
            assertThat(leastNative)
                    .as("bytes that malloc gave for %d steps", STEPS)
                    .isLessThanOrEqualTo(0);
            assertThat(leastResident)
                    .as("KiB by which the process grew in %d steps", STEPS)
                    .isLessThanOrEqualTo(RESIDENT_SLACK_KIB);
        }
    }

    private static void run(Program program, int steps) {
        for (int step = 0; step < steps; step++) {
            program.run();
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
