package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The real digits: needs TUTTI_DATA, a folder with mnist in it. */
class MnistIT {
    @TempDir
    Path folder;

    private Path data = Path.of("");

    @BeforeEach
    void findData() {
        data = Skips.unlessThereIsMnist();
    }

    @Test
    void synchronousTrainingHasTheSameBitsInProcessesOfTheirOwn() {
        JsonNode alone = train("mnist-mlp.yaml", "--workers", "1");
        JsonNode many = train("mnist-mlp.yaml", "--processes", "--workers", "2", "--parameter-servers", "2");

        assertThat(accuracy(alone)).isGreaterThanOrEqualTo(0.975);
        assertThat(many.path("parameters_sha256")).isEqualTo(alone.path("parameters_sha256"));
        assertThat(accuracy(many)).isEqualTo(accuracy(alone));
    }

    @Test
    void synchronousTrainingInBfloat16() {
        assertThat(accuracy(train("mnist-mlp.yaml", "--set", "training.precision=bf16")))
                .isGreaterThanOrEqualTo(0.975);
    }

    @Test
    void asynchronousTraining() {
        assertThat(accuracy(train("mnist-mlp-async.yaml"))).isGreaterThanOrEqualTo(0.97);
    }

    @ParameterizedTest
    @ValueSource(strings = {"int8", "{top-k: 0.01}"})
    void compressedGradientsLearnAsMuch(String gradients) {
        double plain = accuracy(train("mnist-mlp.yaml", "--processes", "--workers", "2"));
        double compressed = accuracy(train(
                "mnist-mlp.yaml",
                "--processes",
                "--workers",
                "2",
                "--set",
                "training.exchange.gradients=" + gradients));

        assertThat(compressed).isGreaterThanOrEqualTo(plain - 0.005);
    }

    @ParameterizedTest
    @ValueSource(strings = {"f32", "bf16"})
    void convolutions(String precision) {
        assertThat(accuracy(train("mnist-lenet.yaml", "--set", "training.precision=" + precision)))
                .isGreaterThanOrEqualTo(0.988);
    }

    @Test
    void rowsAsTimeStepsOfARecurrentNetwork() {
        assertThat(accuracy(train("mnist-lstm.yaml", "--set", "training.precision=bf16")))
                .isGreaterThanOrEqualTo(0.975);
    }

    @Test
    void trainingWithBoundedStaleness() {
        assertThat(accuracy(train("mnist-mlp-bounded.yaml", "--processes", "--workers", "4")))
                .isGreaterThanOrEqualTo(0.974);
    }

    @Test
    void localTrainingHasTheSameBitsInProcessesOfTheirOwn() {
        JsonNode alone = train("mnist-mlp-local.yaml", "--workers", "1");
        JsonNode many = train("mnist-mlp-local.yaml", "--processes", "--workers", "2", "--parameter-servers", "2");

        assertThat(accuracy(alone)).isGreaterThanOrEqualTo(0.975);
        assertThat(many.path("parameters_sha256")).isEqualTo(alone.path("parameters_sha256"));
    }

    private static double accuracy(JsonNode result) {
        assertThat(result.path("test").path("samples").asInt()).isEqualTo(10_000);
        return result.path("test").path("accuracy").asDouble();
    }

    private JsonNode train(String example, String... more) {
        try (TuttiProcesses processes = new TuttiProcesses(folder)) {
            List<String> arguments = new ArrayList<>(List.of(
                    "train",
                    Distribution.root().resolve("examples").resolve(example).toString(),
                    "--data",
                    data.toString(),
                    "-o",
                    "json"));
            arguments.addAll(List.of(more));
            TuttiProcess.Ended ended = processes.run(arguments.toArray(String[]::new));
            assertThat(ended.exitCode()).as(ended.err()).isZero();
            return ended.json();
        }
    }
}
