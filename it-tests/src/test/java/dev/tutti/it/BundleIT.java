package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code deploy/bundle.sh}: the folder it makes, moved elsewhere and run with nothing of this machine but its system's tools. */
class BundleIT {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    static Path folder;

    @SuppressWarnings("NullAway.Init")
    private static Path bundle;

    @BeforeAll
    static void make() throws IOException {
        Path made = folder.resolve("made");
        TuttiProcess.Ended ended = makeIn(made);
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        assertThat(ended.out()).contains(" MiB (runtime ");
        bundle = Files.move(made, folder.resolve("a moved bundle"));
    }

    @Test
    void stepIsMeasured() throws Exception {
        TuttiProcess.Ended bench =
                bare("bench", "step", "--model", "mlp", "--backend", "cpu", "--seconds", "1", "-o", "json");

        assertThat(bench.exitCode()).as(bench.err()).isZero();
        assertThat(bench.json().path("backend").asText()).startsWith("cpu: portable loops");
        assertThat(bench.err())
                .contains("which is slow: oneDNN for linux-x86_64 is not on the class path")
                .doesNotContain("Exception");
        assertThat(bench.json().path("share_of_matmul").asDouble()).isPositive();
    }

    @Test
    void stepOfAJobFileIsMeasured() throws Exception {
        Path job = folder.resolve("job.yaml");
        Files.writeString(job, """
            model: {layers: [flatten, {dense: 10}]}
            data: {source: {digits: {train: 64, test: 8}}}
            training: {epochs: 1, batch: 16, optimizer: {sgd: {rate: 0.1}}}
            """);
        TuttiProcess.Ended bench = bare("bench", "step", "--model", job.toString(), "--seconds", "1", "-o", "json");

        assertThat(bench.exitCode()).as(bench.err()).isZero();
        assertThat(bench.json().path("batch").asInt()).isEqualTo(16);
    }

    @Test
    void updateIsMeasured() throws Exception {
        TuttiProcess.Ended bench = bare("bench", "optimizer", "--parameters", "1Mi", "--seconds", "1", "-o", "json");

        assertThat(bench.exitCode()).as(bench.err()).isZero();
        JsonNode json = bench.json();
        assertThat(json.path("parameters").asInt()).isEqualTo(1 << 20);
    }

    @Test
    void contractSaysWhyItCannotRunWhereThereIsNoGpu() throws Exception {
        TuttiProcess.Ended contract = bare("contract");

        assertThat(contract.exitCode()).as(contract.err()).isEqualTo(2);
        assertThat(contract.err())
                .containsPattern("tutti: (NVIDIA's driver cannot be loaded|the driver sees no NVIDIA GPU)");
    }

    @Test
    void contractFailsIfNoTestRan() throws Exception {
        TuttiProcess.Ended tests = run(
                environment(),
                bundle.resolve("runtime/bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                bundle.resolve("lib") + "/*:" + bundle.resolve("tests") + "/*",
                "dev.tutti.tensor.backend.cuda.DeviceContract");

        assertThat(tests.exitCode()).as(tests.err()).isEqualTo(1);
        for (String test : List.of("CudaBackendTest", "CudaTrainerTest", "KernelsTest", "ProductsTest")) {
            assertThat(tests.out()).containsPattern("not run: " + test + ": .*no emulator to build");
        }
        assertThat(tests.out()).contains("0 succeeded, 0 failed, 4 did not run");
    }

    @Test
    void whatIsNotInItIsSaidSo() throws Exception {
        TuttiProcess.Ended exchange = bare("bench", "exchange");

        assertThat(exchange.exitCode()).isEqualTo(2);
        assertThat(exchange.err()).contains("'bench exchange' is not in this bundle");
        assertThat(bare("bench", "--help").out()).contains("kernels").doesNotContain("exchange");
        assertThat(bare().err()).contains("tutti: name a command", "usage: ./tutti bench");
        TuttiProcess.Ended unknown = bare("frobnicate");
        assertThat(unknown.exitCode()).isEqualTo(2);
        assertThat(unknown.err()).contains("tutti: no command 'frobnicate' in this bundle", "usage: ./tutti bench");
        assertThat(bare("contract", "now").exitCode()).isEqualTo(2);
    }

    @Test
    void helpAndVersionArePrinted() throws Exception {
        assertThat(bare("--help").out()).startsWith("usage: ./tutti bench");
        assertThat(bare("contract", "--help").out()).startsWith("usage: ./tutti contract");
        assertThat(bare("--version").out()).isNotBlank();
    }

    @Test
    void folderThatIsNoBundleIsLeftAlone() throws Exception {
        Path other = folder.resolve("other");
        Files.createDirectories(other.resolve("runtime"));
        Files.writeString(other.resolve("thesis.txt"), "mine");
        TuttiProcess.Ended ended = makeIn(other);

        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.err()).contains(other + " exists and is no bundle");
        assertThat(other.resolve("thesis.txt")).hasContent("mine");
        assertThat(ended.err()).doesNotContain("building");
    }

    @Test
    void bundleWithOtherFilesIsLeftAlone() throws Exception {
        Path other = Files.createDirectories(folder.resolve("measured"));
        Files.createFile(other.resolve(".tutti-bundle"));
        Files.writeString(other.resolve("figures.json"), "mine");
        TuttiProcess.Ended ended = makeIn(other);

        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.err()).contains("move figures.json elsewhere");
        assertThat(other.resolve("figures.json")).hasContent("mine");
    }

    @Test
    void bundleIsReplaced() throws Exception {
        Path old = Files.createDirectories(folder.resolve("replaced"));
        Files.createFile(old.resolve(".tutti-bundle"));
        Files.createFile(Files.createDirectory(old.resolve("lib")).resolve("old.jar"));
        TuttiProcess.Ended ended = makeIn(old);

        assertThat(ended.exitCode()).as(ended.err()).isZero();
        assertThat(old.resolve("tutti")).isExecutable();
        assertThat(old.resolve("lib/old.jar")).doesNotExist();
        try (Stream<Path> siblings = Files.list(folder)) {
            assertThat(siblings.map(path -> path.getFileName().toString()))
                    .noneMatch(name -> name.startsWith("replaced."));
        }
    }

    @Test
    void mistakesOfItsMakerAreSaidBeforeAnythingIsBuilt() throws Exception {
        assertThat(makeIn("--help").out()).startsWith("usage: deploy/bundle.sh [DIR]");
        TuttiProcess.Ended option = makeIn("--frobnicate");
        assertThat(option.exitCode()).isEqualTo(2);
        assertThat(option.err()).contains("unknown option '--frobnicate'", "usage: deploy/bundle.sh [DIR]");
        assertThat(makeIn("one", "two").err()).contains("unexpected argument 'two'");
        assertThat(folder.resolve("one")).doesNotExist();
    }

    private static TuttiProcess.Ended makeIn(Path target) throws IOException {
        return makeIn(target.toString());
    }

    private static TuttiProcess.Ended makeIn(String... arguments) throws IOException {
        Map<String, String> environment = Map.of(
                "PATH",
                System.getenv().getOrDefault("PATH", ""),
                "JAVA_HOME",
                System.getProperty("java.home", ""),
                "TUTTI_SKIP_BUILD",
                "yes");
        String script = Distribution.root().resolve("deploy/bundle.sh").toString();
        return run(
                environment,
                Stream.concat(Stream.of(script), Stream.of(arguments)).toArray(String[]::new));
    }

    private static TuttiProcess.Ended bare(String... arguments) throws IOException {
        String launcher = bundle.resolve("tutti").toString();
        return run(
                environment(),
                Stream.concat(Stream.of(launcher), Stream.of(arguments)).toArray(String[]::new));
    }

    /** No GPU either, where there is one. */
    private static Map<String, String> environment() {
        return Map.of("PATH", "/usr/bin:/bin", "HOME", folder.resolve("home").toString(), "CUDA_VISIBLE_DEVICES", "-1");
    }

    private static TuttiProcess.Ended run(Map<String, String> environment, String... command) throws IOException {
        Path out = Files.createTempFile(folder, "run", ".out");
        Path err = Files.createTempFile(folder, "run", ".err");
        ProcessBuilder builder = new ProcessBuilder(List.of(command))
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return new TuttiProcess("bundle", builder.start(), out, err, folder.resolve("no-role")).waitForEnd();
    }
}
