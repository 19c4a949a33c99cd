package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code tutti bench}: figures that belong together, whatever they are. */
class BenchIT extends WithProcesses {
    @ParameterizedTest
    @CsvSource({"mlp, f32", "mlp, bf16", "lenet, f32", "lstm, bf16", "transformer, f32", "lenet, f16"})
    void stepOfAPresetIsTimed(String model, String precision) {
        TuttiProcess.Ended bench = processes.run(
                "bench",
                "step",
                "--model",
                model,
                "--batch",
                "2",
                "--precision",
                precision,
                "--seconds",
                "1",
                "-o",
                "json");

        assertThat(bench.exitCode()).as(bench.err()).isZero();
        JsonNode json = bench.json();
        assertThat(json.path("model").asText()).isEqualTo(model);
        assertThat(json.path("precision").asText()).isEqualTo(precision);
        double millis = json.path("step_millis_median").asDouble();
        assertThat(millis).isPositive();
        assertThat(json.path("samples_per_second").asDouble() * millis / 1e3).isCloseTo(2, within(1e-6));
        assertThat(json.path("achieved_gflops").asDouble() * millis * 1e6)
                .isCloseTo(json.path("flops_per_step").asDouble(), withinPercentage(1e-6));
        assertThat(json.path("share_of_matmul").asDouble()
                        * json.path("matmul_gflops").asDouble())
                .isCloseTo(json.path("achieved_gflops").asDouble(), withinPercentage(1e-6));
    }

    @Test
    void kernelsAreTimedInTheSizesThatFitTheTime() {
        TuttiProcess.Ended bench = processes.run(
                "bench", "kernels", "--backend", "cpu", "--precision", "bf16", "--seconds", "1", "-o", "json");

        assertThat(bench.exitCode()).as(bench.err()).isZero();
        JsonNode json = bench.json();
        JsonNode matmul = json.path("kernels").get(0);
        assertThat(matmul.path("kernel").asText()).isEqualTo("matmul");
        assertThat(matmul.path("flops").asLong()).isEqualTo(2L << 30);
        assertThat(matmul.path("bytes").asLong()).isEqualTo(6L << 20);
        assertThat(matmul.path("achieved_gflops").asDouble()
                        * matmul.path("millis_median").asDouble())
                .isCloseTo(2147.483648, withinPercentage(1e-6));
        assertThat(json.path("omitted").findValuesAsText("size")).contains("8192 × 8192 × 8192");
        assertThat(json.path("kernels").size() + json.path("omitted").size()).isEqualTo(14);
        assertThat(bench.err()).contains("matmul  1024 × 1024 × 1024  ", "8192 × 8192 × 8192  omitted: no time left");
        for (JsonNode kernel : json.path("kernels")) {
            boolean hasProducts = !kernel.path("kernel").asText().matches("layer norm.*|softmax.*");
            assertThat(kernel.has("flops")).as(kernel.toString()).isEqualTo(hasProducts);
            assertThat(kernel.has("achieved_gflops")).as(kernel.toString()).isEqualTo(hasProducts);
        }
    }

    @Test
    void interruptedKernelsPrintWhatWasMeasured() {
        TuttiProcess bench =
                processes.start("bench", List.of("bench", "kernels", "--backend", "cpu", "--seconds", "60"));
        bench.awaitSaid("matmul  1024");
        bench.interrupt();
        TuttiProcess.Ended ended = bench.waitForEnd();

        assertThat(ended.exitCode()).isEqualTo(130);
        assertThat(ended.out()).contains("backend ", "matmul ").doesNotContain("cross-entropy");
    }

    @Test
    void stepOfAJobFileIsTimed() throws Exception {
        Path job = folder.resolve("job.yaml");
        Files.writeString(job, """
            name: small
            model: {layers: [{conv2d: {filters: 3, kernel: 3}}, relu, flatten, {dense: 10}]}
            data: {source: {digits: {train: 64, test: 8}}}
            training: {epochs: 1, batch: 16, optimizer: {sgd: {rate: 0.1, momentum: 0.9}}, precision: bf16}
            """);
        TuttiProcess.Ended bench =
                processes.run("bench", "step", "--model", job.toString(), "--seconds", "1", "-o", "json");

        assertThat(bench.exitCode()).as(bench.err()).isZero();
        assertThat(bench.json().path("model").asText()).isEqualTo("small");
        assertThat(bench.json().path("batch").asInt()).isEqualTo(16);
        assertThat(bench.json().path("precision").asText()).isEqualTo("bf16");
        assertThat(bench.json().path("parameters").asInt()).isEqualTo(3 * 9 + 3 + 26 * 26 * 3 * 10 + 10);
    }

    @Test
    void backendOfAPluginIsFoundInItsFolder() {
        Path plugin = Distribution.root().resolve("nd4j-backend/target/plugin");
        Skips.unless(Files.isDirectory(plugin), "nd4j-backend has not been built");
        TuttiProcess.Ended bench = processes.run(
                "bench",
                "step",
                "--model",
                "lenet",
                "--batch",
                "2",
                "--seconds",
                "1",
                "--backend",
                "nd4j",
                "--plugins",
                plugin.toString(),
                "-o",
                "json");

        assertThat(bench.exitCode()).as(bench.err()).isZero();
        assertThat(bench.json().path("backend").asText()).startsWith("nd4j: ");
    }

    @Test
    void profileNamesThePartsOfAStep() {
        TuttiProcess.Ended bench = processes.run("bench", "step", "--seconds", "1", "--profile", "-o", "json");

        assertThat(bench.exitCode()).as(bench.err()).isZero();
        assertThat(bench.json().path("parts").findValuesAsText("instruction"))
                .contains("optimizer")
                .anyMatch(instruction -> instruction.contains("dense-1.weight.gradient"));
    }

    @ParameterizedTest
    @CsvSource({"f32, tcp", "bf16, uds", "f32, shm", "int8, shm", "top-k, uds"})
    void anExchangeIsTimedBesideItsBaselines(String encoding, String transport) {
        TuttiProcess.Ended bench = processes.run(
                "bench",
                "exchange",
                "--bytes",
                "4MiB",
                "--shards",
                "2",
                "--workers",
                "2",
                "--encoding",
                encoding,
                "--transport",
                transport,
                "--seconds",
                "1",
                "-o",
                "json");

        assertThat(bench.exitCode()).as(bench.err()).isZero();
        JsonNode json = bench.json();
        double seconds = json.path("push_pull_seconds_median").asDouble();
        assertThat(json.path("parameters").asLong()).isEqualTo(1 << 20);
        assertThat(json.path("parameters_per_second").asDouble() * seconds).isCloseTo(2 << 20, withinPercentage(1e-6));
        double goodput = json.path("goodput_bytes_per_second").asDouble();
        assertThat(goodput * seconds).isCloseTo(2 * json.path("payload_bytes").asDouble(), withinPercentage(1e-6));
        for (String baseline : new String[] {"plain_tcp", "plain_grpc"}) {
            JsonNode plain = json.path(baseline);
            assertThat(plain.path("ratio").asDouble() * seconds)
                    .as(baseline)
                    .isCloseTo(plain.path("push_pull_seconds_median").asDouble(), withinPercentage(1e-6));
        }
    }

    @ParameterizedTest
    @CsvSource({"adam, 28", "sgd, 12", "rmsprop, 20"})
    void anUpdateIsTimedBesideACopy(String optimizer, int bytes) {
        TuttiProcess.Ended bench = processes.run(
                "bench", "optimizer", "--optimizer", optimizer, "--parameters", "1Mi", "--seconds", "1", "-o", "json");

        assertThat(bench.exitCode()).as(bench.err()).isZero();
        JsonNode json = bench.json();
        assertThat(json.path("bytes_per_parameter").asInt()).isEqualTo(bytes);
        assertThat(json.path("parameters_per_second").asDouble()
                        * json.path("update_seconds_median").asDouble())
                .isCloseTo(1 << 20, withinPercentage(1e-6));
        assertThat(json.path("share_of_copy_bandwidth").asDouble()).isPositive();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "exchange;--encoding;f8;--encoding must be one of f32, bf16, f16, int8, top-k, got f8",
                "exchange;--bytes;many;is no size",
                "exchange;--workers;0;--workers must be 1 to 16, got 0",
                "exchange;--transport;pigeon;--transport must be one of tcp, uds, shm, got pigeon",
                "optimizer;--optimizer;adan;--optimizer must be one of sgd, momentum",
                "optimizer;--parameters;0;--parameters must be 1 to 256Mi, got 0"
            })
    void mistakesInOtherBenchmarksAreUsageErrors(String benchmark, String option, String value, String sentence) {
        TuttiProcess.Ended bench = processes.run("bench", benchmark, option, value);

        assertThat(bench.exitCode()).isEqualTo(2);
        assertThat(bench.err()).contains(sentence);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--model;lente;neither one of mlp, lenet, lstm, transformer, gpt2 nor a job file (did you mean lenet?)",
                "--precision;f8;--precision must be f32, bf16 or f16, got f8",
                "--threads;0;--threads must be 1 or more, got 0",
                "--threads;9999;--threads must be at most ",
                "--plugins;nothing/here;--plugins: the plug-ins' folder nothing/here is not there",
                "--backend;gpu;--backend must be one of auto, cuda, cpu, reference, got gpu (did you mean cuda?)",
                "--backend;cdua;got cdua (did you mean cuda?)"
            })
    void mistakesAreUsageErrors(String option, String value, String sentence) {
        TuttiProcess.Ended bench = processes.run("bench", "step", option, value);

        assertThat(bench.exitCode()).isEqualTo(2);
        assertThat(bench.err()).contains(sentence);
    }
}
