package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Each mistake gets one clear sentence and the right exit code, and leaves nothing running. */
class BadInputIT extends WithProcesses {
    @Test
    void unknownKey() {
        Path job = JobFiles.write(folder, "name: x\nmodel:\n  preset: mlp\n  hiden: [16]\n");

        assertSaid(processes.run("train", job.toString()), 2, job.getFileName() + ":4", "hiden", "hidden");
    }

    @Test
    void wrongType() {
        Path job = JobFiles.digits(folder, 1);

        TuttiProcess.Ended ended = processes.run("train", job.toString(), "--set", "training.epochs=many");

        assertSaid(ended, 2, "training.epochs", "many");
    }

    @Test
    void missingJobFile() {
        assertSaid(processes.run("train", "missing.yaml"), 2, "missing.yaml");
    }

    @Test
    void lossThatIsNoNumberNamesStepAndTensor() {
        Path job = JobFiles.digits(folder, 3);

        TuttiProcess.Ended ended =
                processes.run("train", job.toString(), "--set", "training.optimizer={sgd: {rate: 1.0e30}}");

        assertSaid(ended, 1, "loss is ", " at step ", "first non-finite tensor is ");
    }

    @Test
    void portAlreadyTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = String.valueOf(taken.getLocalPort());
            TuttiProcess process = processes.role(
                    "coordinator", Map.of("grpc.port", port, "cluster.port", "0", "management.port", "0"));

            assertSaid(process.waitForEnd(), 2, "port " + port + " is already in use; set tutti.grpc.port");
        }
    }

    @Test
    void noCoordinatorForAWorker() {
        TuttiProcess process =
                processes.role("worker", Map.of("cluster.seeds", "127.0.0.1:1", "cluster.join-timeout", "1s"));

        assertSaid(process.waitForEnd(), 4, "no coordinator answered at 127.0.0.1:1");
    }

    @Test
    void noCoordinatorForACommand() {
        assertSaid(processes.run("jobs", "list", "--coordinator", "127.0.0.1:1"), 4, "127.0.0.1:1");
    }

    @Test
    void unknownJob() throws Exception {
        HandStartedCluster cluster = new HandStartedCluster(processes, folder, 0, 0);

        TuttiProcess.Ended ended = processes.run(
                "jobs",
                "describe",
                "nobody",
                "--coordinator",
                cluster.coordinator().grpcAddress());
        cluster.coordinator().terminate();
        cluster.coordinator().waitForEnd();

        assertSaid(ended, 3, "nobody");
    }

    /** The words stand in one line, and nothing looks like a crash. */
    private void assertSaid(TuttiProcess.Ended ended, int exitCode, String... words) {
        assertThat(ended.exitCode()).as(ended.err()).isEqualTo(exitCode);
        assertThat(ended.err().lines())
                .as(ended.err())
                .anySatisfy(line -> assertThat(line).contains(words));
        assertThat(ended.err()).doesNotContain("Exception", "\tat ");
        assertThat(processes.left()).isEmpty();
    }
}
