package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What people do to jobs and checkpoints of a cluster that is up. */
class CommandsIT {
    private static final int MORE_EPOCHS_THAN_ANYBODY_WAITS_FOR = 100_000;

    @TempDir
    static Path folder;

    private static TuttiProcesses processes;
    private static String coordinator = "";

    @BeforeAll
    static void start() throws Exception {
        processes = new TuttiProcesses(folder);
        coordinator =
                new HandStartedCluster(processes, folder, 1, 1).coordinator().grpcAddress();
    }

    @AfterAll
    static void end() {
        processes.close();
    }

    @Test
    void stoppedJobLeavesACheckpointOfItsLastStep() throws Exception {
        String id = submit(MORE_EPOCHS_THAN_ANYBODY_WAITS_FOR);
        awaitStep(id, 20);

        TuttiProcess.Ended stop = command("jobs", "stop", id);
        TuttiProcess.Ended watch = command("jobs", "watch", id, "-o", "json");
        TuttiProcess.Ended list = command("checkpoints", "list", id, "-o", "json");

        assertThat(stop.exitCode()).as(stop.err()).isZero();
        assertThat(watch.exitCode()).as(watch.err()).isZero();
        assertThat(watch.json().path("state").asText()).isEqualTo("stopped");
        assertThat(list.json().findValuesAsText("step"))
                .contains(watch.json().path("steps").asText());
    }

    @Test
    void exportedFileHoldsTheParametersTheJobEndedWith() throws Exception {
        TuttiProcess.Ended watch = command("jobs", "watch", submit(1), "-o", "json");
        Path exported = folder.resolve("exported.safetensors");
        TuttiProcess.Ended export = processes.run(
                "checkpoints", "export", watch.json().path("checkpoint").asText(), "--to", exported.toString());

        assertThat(export.exitCode()).as(export.err()).isZero();
        assertThat(SafeTensorsFile.sha256OfTensorsByName(exported))
                .isEqualTo(watch.json().path("parameters_sha256").asText());
    }

    @Test
    void aChangedByteOfACheckpointIsFound() throws Exception {
        TuttiProcess.Ended watch = command("jobs", "watch", submit(1), "-o", "json");
        Path checkpoint = Path.of(watch.json().path("checkpoint").asText());
        TuttiProcess.Ended whole = processes.run("checkpoints", "verify", checkpoint.toString());
        Path file = checkpoint.resolve("shard-00000.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        TuttiProcess.Ended damaged = processes.run("checkpoints", "verify", checkpoint.toString(), "-o", "json");
        TuttiProcess.Ended nothing = processes.run("checkpoints", "verify", "nobody");

        assertThat(whole.exitCode()).as(whole.err()).isZero();
        assertThat(whole.out()).contains(checkpoint.toString(), "whole");
        assertThat(damaged.exitCode()).isEqualTo(1);
        assertThat(damaged.json().path(0).path("whole").asBoolean(true)).isFalse();
        assertThat(damaged.json().path(0).path("defect").asText()).contains("shard-00000.safetensors has been changed");
        assertThat(nothing.exitCode()).isEqualTo(3);
        assertThat(nothing.err()).contains("there are no checkpoints of 'nobody'");
    }

    @Test
    void cancelledJobIsOverAtOnce() throws Exception {
        String id = submit(MORE_EPOCHS_THAN_ANYBODY_WAITS_FOR);
        awaitStep(id, 1);

        TuttiProcess.Ended cancel = command("jobs", "cancel", id);
        TuttiProcess.Ended watch = command("jobs", "watch", id, "-o", "json");

        assertThat(cancel.exitCode()).as(cancel.err()).isZero();
        assertThat(watch.exitCode()).as(watch.err()).isEqualTo(8);
        assertThat(watch.json().path("state").asText()).isEqualTo("cancelled");
    }

    @Test
    void jobThatNeedsMoreWorkersThanThereAreSaysWhatItWaitsFor() {
        String id = submit(1, "--set", "cluster.workers={min: 3, max: 3}", "--set", "cluster.slices=3");

        TuttiProcess.Ended described = command("jobs", "describe", id, "-o", "json");
        TuttiProcess.Ended cancelled = command("jobs", "cancel", id);

        assertThat(described.json().path("state").asText()).isIn("planning", "queued");
        assertThat(cancelled.exitCode()).as(cancelled.err()).isZero();
    }

    @Test
    void sameIdempotencyKeyIsTheSameJob() {
        String first = submit(1, "--idempotency-key", "once");
        String second = submit(1, "--idempotency-key", "once");

        assertThat(second).isEqualTo(first);
        List<String> listed = new ArrayList<>();
        for (JsonNode job : command("jobs", "list", "-o", "json").json()) {
            listed.add(job.path("job_id").asText());
        }
        assertThat(listed).containsOnlyOnce(first);
        assertThat(command("jobs", "watch", first).exitCode()).isZero();
    }

    private static String submit(int epochs, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "submit",
                JobFiles.digits(folder, epochs).toString(),
                "--detach",
                "--set",
                "cluster.parameter-servers=1"));
        arguments.addAll(List.of(more));
        TuttiProcess.Ended submitted = command(arguments.toArray(String[]::new));
        assertThat(submitted.exitCode()).as(submitted.err()).isZero();
        return submitted.out().strip();
    }

    private static TuttiProcess.Ended command(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--coordinator", coordinator));
        return processes.run(all.toArray(String[]::new));
    }

    private static void awaitStep(String id, int step) throws Exception {
        try (Jobs jobs = new Jobs(coordinator)) {
            jobs.awaitStep(id, step);
        }
    }
}
