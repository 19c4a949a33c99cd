package dev.tutti.tensor.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.Closeness;
import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** oneDNN told to generate code for processors that are older than this one: what it has only reference loops for is done in another way. */
class OlderProcessorTest {
    private static final String INSTRUCTION_SET = "instruction set: ";

    @BeforeAll
    static void libraryIsThere() {
        assumeTrue(OneDnn.isEnabled(), OneDnn::reason);
    }

    /** Attention and its gradient, with several heads in a block, compared with the reference. */
    static final class Attention {
        private Attention() {}

        public static void main(String[] args) {
            System.out.println(INSTRUCTION_SET + OneDnn.instructionSetName());
            ElementType type = ElementType.valueOf(args[0]);
            for (boolean causal : new boolean[] {false, true}) {
                Graph graph = graph(type, causal);
                try (Execution expected = new Execution(Backends.select("reference", 1), graph);
                        Execution actual = new Execution(CpuBackend.oneDnn(1), graph)) {
                    expected.draw(7, 1).run();
                    actual.draw(7, 1).run();
                    for (String output : graph.outputs().keySet()) {
                        Closeness.assertClose(output, actual.output(output), expected.output(output), 1e-2);
                    }
                }
            }
        }

        private static Graph graph(ElementType type, boolean causal) {
            int heads = 4;
            int width = heads * 16;
            GraphBuilder builder = new GraphBuilder();
            Tensor qkv = builder.input("qkv", type, Shape.of(2, 33, 3 * width));
            Tensor gradient = builder.input("gradient", type, Shape.of(2, 33, width));
            List<Tensor> results = builder.addAll("y", new SequenceOp.Attention(qkv, Optional.empty(), heads, causal));
            builder.output("y", results.getFirst());
            builder.output(
                    "dqkv",
                    builder.add(
                            "dqkv",
                            new SequenceOp.AttentionGradient(
                                    gradient,
                                    qkv,
                                    results.get(0),
                                    results.get(1),
                                    Optional.empty(),
                                    heads,
                                    causal,
                                    ElementType.F32)));
            return builder.build();
        }
    }

    @ParameterizedTest
    @CsvSource({"AVX512_CORE, avx512_core, BF16", "AVX512_CORE, avx512_core, F32", "AVX, avx, F32", "SSE41, sse41, F32"
    })
    void attentionOfSeveralHeadsRunsInNoReferenceLoop(String name, String set, ElementType type)
            throws IOException, InterruptedException {
        List<String> lines = attention(name, type);
        assumeTrue(lines.contains(INSTRUCTION_SET + set), "this processor is older still");
        assertThat(lines)
                .filteredOn(line -> line.startsWith("onednn_verbose") && line.contains(",exec,"))
                .isNotEmpty()
                .noneMatch(line -> line.contains(",ref"));
    }

    /** What the process prints, oneDNN's own account of what it executes included. */
    private static List<String> attention(String instructionSet, ElementType type)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Attention.class.getName(),
                type.name());
        builder.environment().put("ONEDNN_MAX_CPU_ISA", instructionSet);
        builder.environment().put("ONEDNN_VERBOSE", "profile_exec");
        Process process = builder.redirectErrorStream(true).start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(process.waitFor()).as("exit code after %s", lines).isZero();
        return lines;
    }
}
