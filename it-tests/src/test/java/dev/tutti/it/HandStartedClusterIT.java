package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Four terminals: a coordinator, a parameter server, two workers, each with a file of its own. */
class HandStartedClusterIT {
    @TempDir
    Path folder;

    @Test
    void aJobIsSubmittedWatchedAndFoundAndAllEndCleanlyOnSigterm() throws Exception {
        try (TuttiProcesses processes = new TuttiProcesses(folder)) {
            Path coordinatorFile =
                    file("coordinator.conf", "cluster { port = 0, seeds = [] }, grpc.port = 0, management.port = 0");
            TuttiProcess coordinator =
                    processes.role("coordinator", List.of("--config", coordinatorFile.toString()), Map.of());
            Path memberFile = file("member.conf", "cluster.seeds = [\"" + coordinator.clusterAddress() + "\"]");
            List<String> config = List.of("--config", memberFile.toString());
            TuttiProcess server = processes.role("parameter-server", config, Map.of());
            TuttiProcess first = processes.role("worker", config, Map.of());
            TuttiProcess second = processes.role("worker", config, Map.of());
            List<TuttiProcess> all = List.of(first, second, server, coordinator);
            all.forEach(TuttiProcess::ready);
            String address = coordinator.grpcAddress();

            TuttiProcess.Ended submitted = processes.run(
                    "submit",
                    JobFiles.digits(folder, 5).toString(),
                    "--detach",
                    "--coordinator",
                    address,
                    "--set",
                    "cluster.workers={min: 2, max: 2}",
                    "--set",
                    "cluster.parameter-servers=1");
            String id = submitted.out().strip();
            TuttiProcess.Ended watched = processes.run("jobs", "watch", id, "--coordinator", address, "-o", "json");
            TuttiProcess.Ended listed = processes.run("jobs", "list", "--coordinator", address, "-o", "json");
            all.forEach(TuttiProcess::terminate);

            assertThat(submitted.exitCode()).as(submitted.err()).isZero();
            assertThat(watched.exitCode()).as(watched.err()).isZero();
            assertThat(watched.json().path("state").asText()).isEqualTo("succeeded");
            assertThat(watched.json().path("workers").asInt()).isEqualTo(2);
            JsonNode newest = listed.json().path(0);
            assertThat(newest.path("job_id").asText()).isEqualTo(id);
            assertThat(newest.path("state").asText()).isEqualTo("succeeded");
            assertThat(all).allSatisfy(process -> {
                TuttiProcess.Ended ended = process.waitForEnd();
                assertThat(ended.exitCode()).as(ended.err()).isZero();
                assertThat(ended.err()).doesNotContain("Exception", "WARN", "ERROR");
            });
            assertThat(processes.left()).isEmpty();
        }
    }

    private Path file(String name, String keys) throws Exception {
        String state = folder.resolve("state").toString();
        return Files.writeString(folder.resolve(name), "tutti { state.folder = \"" + state + "\", " + keys + " }\n");
    }
}
