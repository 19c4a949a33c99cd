package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Workers come, from another job that has ended, and go while a job runs; its bits are those of one worker. */
class ElasticIT extends WithProcesses {
    private static final String[] OPTIONS = {
        "--set", "cluster.workers={min: 1, max: 4}", "--set", "cluster.slices=4", "--set", "cluster.parameter-servers=1"
    };

    @Test
    void oneThenFourThenTwoWorkersGiveTheBitsOfOne() throws Exception {
        HandStartedCluster cluster = new HandStartedCluster(processes, folder, 2, 4);
        Path job = JobFiles.digits(folder, 60);
        String other = cluster.submit(
                JobFiles.digits(folder, 100_000),
                "--set",
                "cluster.workers={min: 3, max: 3}",
                "--set",
                "cluster.slices=3",
                "--set",
                "cluster.parameter-servers=1");
        JsonNode alone = cluster.result(cluster.submit(job, OPTIONS));

        String id = cluster.submit(job, OPTIONS);
        try (Jobs jobs = new Jobs(cluster.coordinator().grpcAddress())) {
            jobs.awaitStep(id, 100);
            jobs.cancel(other);
            jobs.awaitWorkers(id, 4);
            cluster.workers().get(0).kill();
            cluster.workers().get(1).terminate();
            jobs.awaitWorkers(id, 2);
        }
        JsonNode result = cluster.result(id);

        assertThat(alone.path("generations").asInt()).isEqualTo(1);
        assertThat(result.path("generations").asInt()).isGreaterThan(2);
        assertThat(result.path("workers").asInt()).isEqualTo(2);
        assertThat(result.path("parameters_sha256")).isEqualTo(alone.path("parameters_sha256"));
    }
}
