package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainIT extends WithProcesses {
    @Test
    void oneProcessTrainsDigitsAndPrintsOneObject() {
        TuttiProcess.Ended ended = train();

        assertThat(ended.exitCode()).as(ended.err()).isZero();
        JsonNode result = ended.json();
        assertThat(result.path("state").asText()).isEqualTo("succeeded");
        assertThat(result.path("epochs").asInt()).isEqualTo(5);
        assertThat(result.path("steps").asInt()).isEqualTo(5 * 57);
        assertThat(result.path("samples").asInt()).isEqualTo(5 * 3600);
        assertThat(result.path("parameters").asInt()).isEqualTo(784 * 64 + 64 + 64 * 10 + 10);
        assertThat(result.path("validation").path("samples").asInt()).isEqualTo(400);
        assertThat(result.path("test").path("samples").asInt()).isEqualTo(1000);
        assertThat(result.path("test").path("accuracy").asDouble()).isGreaterThan(0.9);
        assertThat(result.path("parameters_sha256").asText()).matches("[0-9a-f]{64}");
        assertThat(Path.of(result.path("checkpoint").asText()))
                .satisfies(checkpoint -> assertThat(folder.resolve(checkpoint).resolve("manifest.json"))
                        .isRegularFile());
        assertThat(processes.left()).isEmpty();
    }

    @Test
    void separateProcessesEndWithTheSameBitsAsOneWorker() {
        TuttiProcess.Ended alone = train("--workers", "1", "--parameter-servers", "1", "--set", "cluster.slices=2");
        TuttiProcess.Ended many =
                train("--processes", "--workers", "2", "--parameter-servers", "2", "--set", "cluster.slices=2");

        assertThat(alone.exitCode()).as(alone.err()).isZero();
        assertThat(many.exitCode()).as(many.err()).isZero();
        assertThat(many.json().path("workers").asInt()).isEqualTo(2);
        assertThat(many.json().path("parameter_servers").asInt()).isEqualTo(2);
        assertThat(many.json().path("parameters_sha256")).isEqualTo(alone.json().path("parameters_sha256"));
        assertThat(processes.left()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "asynchronous",
                "{asynchronous: {staleness-scaled: true, delay-compensation: {adaptive: true}}}",
                "{bounded-staleness: 2}",
                "{synchronous: {backup-workers: 1}}",
                "{local: {steps: 5}}",
                "{local: {steps: 6, fragments: 3}}"
            })
    void otherConsistencyLearnsToo(String consistency) {
        TuttiProcess.Ended ended = train("--workers", "2", "--set", "training.consistency=" + consistency);

        assertThat(ended.exitCode()).as(ended.err()).isZero();
        assertThat(ended.json().path("steps").asInt()).isEqualTo(5 * 57);
        assertThat(ended.json().path("samples").asInt()).isEqualTo(5 * 3600);
        assertThat(ended.json().path("test").path("accuracy").asDouble()).isGreaterThan(0.9);
    }

    @Test
    void quickstartNeedsNothing() throws Exception {
        TuttiProcess.Ended ended = processes.run("quickstart", "-o", "json");

        assertThat(ended.exitCode()).as(ended.err()).isZero();
        assertThat(ended.json().path("test").path("accuracy").asDouble()).isGreaterThanOrEqualTo(0.97);
        assertThat(ended.err()).contains("What next");
        assertThat(processes.left()).isEmpty();
        try (var files = Files.list(folder)) {
            assertThat(files.filter(Files::isDirectory))
                    .as("only the state folder")
                    .hasSizeLessThanOrEqualTo(1);
        }
    }

    private TuttiProcess.Ended train(String... more) {
        Path job = JobFiles.digits(folder, 5);
        String[] arguments = new String[4 + more.length];
        arguments[0] = "train";
        arguments[1] = job.toString();
        arguments[2] = "-o";
        arguments[3] = "json";
        System.arraycopy(more, 0, arguments, 4, more.length);
        return processes.run(arguments);
    }
}
