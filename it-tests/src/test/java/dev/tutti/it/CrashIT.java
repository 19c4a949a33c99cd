package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes are killed while a job runs; the job ends as if nothing had happened. */
class CrashIT extends WithProcesses {
    private static final int EPOCHS = 60;

    /** The bits of the same job in one process, with one worker. */
    private static String undisturbed = "";

    @BeforeAll
    static void trainUndisturbed(@TempDir Path elsewhere) {
        try (TuttiProcesses alone = new TuttiProcesses(elsewhere)) {
            TuttiProcess.Ended ended = alone.run(
                    "train",
                    JobFiles.digits(elsewhere, EPOCHS).toString(),
                    "-o",
                    "json",
                    "--workers",
                    "1",
                    "--parameter-servers",
                    "1");
            assertThat(ended.exitCode()).as(ended.err()).isZero();
            undisturbed = sha256(ended.json());
        }
    }

    @Test
    void aKilledWorkerCostsNoBit() throws Exception {
        HandStartedCluster cluster = new HandStartedCluster(processes, folder, 2, 2);

        String id = submit(cluster);
        awaitStep(cluster, id, 50);
        cluster.workers().getFirst().kill();
        JsonNode hit = cluster.result(id);

        assertThat(sha256(hit)).isEqualTo(undisturbed);
        assertThat(hit.path("generations").asInt()).isGreaterThan(1);
    }

    @Test
    void aFrozenWorkerIsReplacedAndEndsOnceItThaws() throws Exception {
        HandStartedCluster cluster = new HandStartedCluster(processes, folder, 2, 2);
        TuttiProcess frozen = cluster.workers().getFirst();

        String id = submit(cluster);
        awaitStep(cluster, id, 50);
        frozen.freeze();
        JsonNode hit = cluster.result(id);
        frozen.thaw();

        assertThat(sha256(hit)).isEqualTo(undisturbed);
        TuttiProcess.Ended ended = frozen.waitForEnd();
        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.err()).contains("thrown out of the cluster");
    }

    @Test
    void aCoordinatorKilledAndStartedAgainGoesOnWithTheJob() throws Exception {
        HandStartedCluster cluster = new HandStartedCluster(processes, folder, 2, 2);

        String id = submit(cluster);
        awaitStep(cluster, id, 50);
        cluster.coordinator().kill();
        cluster.startCoordinatorAgain();
        JsonNode hit = cluster.result(id);

        assertThat(sha256(hit)).isEqualTo(undisturbed);
        assertThat(cluster.workers()).allMatch(TuttiProcess::isAlive);
    }

    @Test
    void aLostParameterServerFailsTheJobInOneSentence() throws Exception {
        HandStartedCluster cluster = new HandStartedCluster(processes, folder, 2, 1);

        String id = submit(cluster);
        awaitStep(cluster, id, 50);
        cluster.parameterServers().getFirst().kill();
        TuttiProcess.Ended ended = cluster.watch(id);

        assertThat(ended.exitCode()).as(ended.err()).isEqualTo(1);
        assertThat(ended.json().path("state").asText()).isEqualTo("failed");
        assertThat(ended.json().path("reason").asText()).containsIgnoringCase("parameter server");
    }

    private String submit(HandStartedCluster cluster) {
        return cluster.submit(JobFiles.digits(folder, EPOCHS));
    }

    private void awaitStep(HandStartedCluster cluster, String id, int step) throws Exception {
        try (Jobs jobs = new Jobs(cluster.coordinator().grpcAddress())) {
            jobs.awaitStep(id, step);
        }
    }

    private static String sha256(JsonNode result) {
        assertThat(result.path("parameters_sha256").asText()).matches("[0-9a-f]{64}");
        return result.path("parameters_sha256").asText();
    }
}
