package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A job whose data cannot be used fails with one clear sentence, and the cluster serves the next job. */
class DefectiveDataIT {
    private static final int IMAGES = 0x803;
    private static final int LABELS = 0x801;

    @TempDir
    static Path folder;

    private static TuttiProcesses processes;
    private static HandStartedCluster cluster;

    /** Four IDX files of eight 2×2 images with two labels, anew for each test. */
    private Path data = Path.of("");

    @BeforeAll
    static void startCluster() throws Exception {
        processes = new TuttiProcesses(folder);
        cluster = new HandStartedCluster(processes, folder, 1, 1);
    }

    @AfterAll
    static void endCluster() {
        processes.close();
    }

    @BeforeEach
    void writeData() throws Exception {
        data = Files.createTempDirectory(folder, "data");
        for (String set : new String[] {"train", "test"}) {
            writeImages(set, 8);
            writeLabels(set, 8);
        }
    }

    @Test
    void soundDataTrain() {
        TuttiProcess.Ended ended = submit();

        assertThat(ended.exitCode()).as(ended.err()).isZero();
        assertThat(ended.json().path("steps").asInt()).isEqualTo(4);
    }

    @Test
    void missingFile() throws Exception {
        Files.delete(data.resolve("train-labels"));

        assertFailed(submit(), "train-labels");
    }

    @Test
    void truncatedImages() throws Exception {
        byte[] whole = Files.readAllBytes(data.resolve("train-images"));
        Files.write(data.resolve("train-images"), Arrays.copyOf(whole, whole.length - 3));

        assertFailed(submit(), "train-images", "expected 48 bytes, got 45");
    }

    @Test
    void wrongMagicNumber() throws Exception {
        byte[] whole = Files.readAllBytes(data.resolve("train-images"));
        whole[3] = 7;
        Files.write(data.resolve("train-images"), whole);

        assertFailed(submit(), "train-images", "magic number");
    }

    @Test
    void labelsAndImagesOfDifferentLength() throws Exception {
        writeLabels("train", 7);

        assertFailed(submit(), "8 images", "7 labels");
    }

    @Test
    void batchLargerThanTheData() {
        assertFailed(submit("--set", "training.batch=9"), "batch", "9", "8");
    }

    private static void assertFailed(TuttiProcess.Ended ended, String... words) {
        assertThat(ended.exitCode()).as(ended.err()).isEqualTo(1);
        assertThat(ended.json().path("state").asText()).isEqualTo("failed");
        assertThat(ended.json().path("reason").asText()).contains(words).doesNotContain("Exception", "\n");
    }

    private TuttiProcess.Ended submit(String... more) {
        Path job = JobFiles.write(folder, """
            name: idx
            model: {preset: mlp, hidden: [4]}
            data:
              source:
                idx: {train-images: %1$s/train-images, train-labels: %1$s/train-labels, test-images: %1$s/test-images, test-labels: %1$s/test-labels}
            training: {epochs: 1, batch: 2, loss: cross-entropy, optimizer: {sgd: {rate: 0.1}}}
            cluster: {workers: {min: 1, max: 1}, parameter-servers: 1}
            """.formatted(data));
        String[] command = {
            "submit",
            job.toString(),
            "-o",
            "json",
            "--coordinator",
            cluster.coordinator().grpcAddress()
        };
        String[] all = Arrays.copyOf(command, command.length + more.length);
        System.arraycopy(more, 0, all, command.length, more.length);
        return processes.run(all);
    }

    private void writeImages(String set, int images) throws Exception {
        ByteBuffer file = ByteBuffer.allocate(16 + 4 * images);
        file.putInt(IMAGES).putInt(images).putInt(2).putInt(2);
        Files.write(data.resolve(set + "-images"), file.array());
    }

    private void writeLabels(String set, int labels) throws Exception {
        ByteBuffer file = ByteBuffer.allocate(8 + labels);
        file.putInt(LABELS).putInt(labels);
        for (int i = 0; i < labels; i++) {
            file.put((byte) (i % 2));
        }
        Files.write(data.resolve(set + "-labels"), file.array());
    }
}
