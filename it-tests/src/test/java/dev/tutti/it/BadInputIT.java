package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each mistake gets one clear sentence and the right exit code, and leaves nothing running. */
class BadInputIT {
    private static final int IMAGES = 0x803;
    private static final int LABELS = 0x801;

    @TempDir
    Path folder;

    private TuttiProcesses processes;

    @BeforeEach
    void open() {
        processes = new TuttiProcesses(folder);
    }

    @AfterEach
    void close() {
        processes.close();
    }

    @Test
    void unknownKey() {
        Path job = JobFiles.write(folder, "name: x\nmodel:\n  preset: mlp\n  hiden: [16]\n");

        assertRefused(2, job.getFileName() + ":4", "hiden", "hidden");
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
    void batchLargerThanTheData() {
        Path job = JobFiles.digits(folder, 1);

        TuttiProcess.Ended ended = processes.run("train", job.toString(), "--set", "training.batch=5000");

        assertSaid(ended, 1, "batch", "5000", "3600");
    }

    @Test
    void missingDataFile() throws Exception {
        Path job = idxJob(4, 4);
        Files.delete(folder.resolve("data/train-labels"));

        assertSaid(trainOn(job), 1, "train-labels");
    }

    @Test
    void truncatedImages() throws Exception {
        Path job = idxJob(4, 4);
        Path images = folder.resolve("data/train-images");
        byte[] whole = Files.readAllBytes(images);
        Files.write(images, Arrays.copyOf(whole, whole.length - 3));

        assertSaid(trainOn(job), 1, "train-images", String.valueOf(whole.length), String.valueOf(whole.length - 3));
    }

    @Test
    void wrongMagicNumber() throws Exception {
        Path job = idxJob(4, 4);
        Path images = folder.resolve("data/train-images");
        byte[] whole = Files.readAllBytes(images);
        whole[3] = 7;
        Files.write(images, whole);

        assertSaid(trainOn(job), 1, "train-images", "magic number");
    }

    @Test
    void labelsAndImagesOfDifferentLength() throws Exception {
        assertSaid(trainOn(idxJob(4, 3)), 1, "4 images", "3 labels");
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

    private void assertRefused(int exitCode, String... words) {
        try (var files = Files.list(folder)) {
            Path job = files.filter(file -> file.toString().endsWith(".yaml"))
                    .findFirst()
                    .orElseThrow();
            assertSaid(processes.run("train", job.toString()), exitCode, words);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
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

    private TuttiProcess.Ended trainOn(Path job) {
        return processes.run(
                "train", job.toString(), "--data", folder.resolve("data").toString());
    }

    /** Four IDX files of 2×2 images, and a job that trains on them. */
    private Path idxJob(int images, int labels) throws Exception {
        Path data = Files.createDirectories(folder.resolve("data"));
        for (String set : new String[] {"train", "test"}) {
            ByteBuffer imageFile = ByteBuffer.allocate(16 + 4 * images);
            imageFile.putInt(IMAGES).putInt(images).putInt(2).putInt(2);
            Files.write(data.resolve(set + "-images"), imageFile.array());
            ByteBuffer labelFile = ByteBuffer.allocate(8 + labels);
            labelFile.putInt(LABELS).putInt(labels);
            Files.write(data.resolve(set + "-labels"), labelFile.array());
        }
        return JobFiles.write(folder, """
            name: idx
            model: {preset: mlp, hidden: [4]}
            data:
              source:
                idx: {train-images: train-images, train-labels: train-labels, test-images: test-images, test-labels: test-labels}
            training: {epochs: 1, batch: 2, loss: cross-entropy, optimizer: {sgd: {rate: 0.1}}}
            cluster: {workers: {min: 1, max: 1}, parameter-servers: 1}
            """);
    }
}
