package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real digits: needs TUTTI_DATA, a folder with mnist in it. */
class MnistIT {
    @TempDir
    Path folder;

    private Path data = Path.of("");

    @BeforeEach
    void findData() {
        String variable = System.getenv("TUTTI_DATA");
        Skips.unless(
                variable != null && Files.isDirectory(Path.of(variable, "mnist")),
                "TUTTI_DATA is not set to a folder with mnist in it");
        data = Path.of(String.valueOf(variable)).toAbsolutePath();
    }

    @Test
    void synchronousTrainingInSinglePrecision() {
        assertThat(accuracy("mnist-mlp.yaml")).isGreaterThanOrEqualTo(0.975);
    }

    @Test
    void synchronousTrainingInBfloat16() {
        assertThat(accuracy("mnist-mlp.yaml", "--set", "training.precision=bf16"))
                .isGreaterThanOrEqualTo(0.975);
    }

    @Test
    void synchronousTrainingInProcessesOfTheirOwn() {
        assertThat(accuracy("mnist-mlp.yaml", "--processes", "--workers", "2", "--parameter-servers", "2"))
                .isGreaterThanOrEqualTo(0.975);
    }

    @Test
    void asynchronousTraining() {
        assertThat(accuracy("mnist-mlp-async.yaml")).isGreaterThanOrEqualTo(0.97);
    }

    private double accuracy(String example, String... more) {
        try (TuttiProcesses processes = new TuttiProcesses(folder)) {
            List<String> arguments = new ArrayList<>(List.of(
                    "train",
                    TuttiProcesses.root().resolve("examples").resolve(example).toString(),
                    "--data",
                    data.toString(),
                    "-o",
                    "json"));
            arguments.addAll(List.of(more));
            TuttiProcess.Ended ended = processes.run(arguments.toArray(String[]::new));
            assertThat(ended.exitCode()).as(ended.err()).isZero();
            assertThat(ended.json().path("test").path("samples").asInt()).isEqualTo(10_000);
            return ended.json().path("test").path("accuracy").asDouble();
        }
    }
}
