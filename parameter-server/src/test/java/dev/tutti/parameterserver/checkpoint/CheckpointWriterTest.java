package dev.tutti.parameterserver.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.Checkpoints.Need;
import dev.tutti.parameterserver.shard.Jobs;
import dev.tutti.parameterserver.shard.ShardSettings;
import dev.tutti.parameterserver.shard.ShardSnapshot;
import dev.tutti.proto.checkpoint.CheckpointFolder;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.CheckpointPartFailed;
import dev.tutti.tensor.optimizer.LossScale;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The disk does what it is told when the test says so. */
class CheckpointWriterTest {
    private static final int PARAMETERS = 47;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    private final Queue<Runnable> disk = new ArrayDeque<>();
    private final List<CheckpointPart> parts = new ArrayList<>();
    private final List<CheckpointPartFailed> failures = new ArrayList<>();
    private final List<ShardSnapshot> snapshots = new ArrayList<>();

    @Test
    void oneCheckpointWaitsForTheDiskAndFurtherOnesAreGivenUp() {
        CheckpointWriter writer = writer(disk::add);
        writer.write(snapshot(2, PARAMETERS), Need.PERIODIC);
        writer.write(snapshot(4, PARAMETERS), Need.PERIODIC);
        writer.write(snapshot(6, PARAMETERS), Need.PERIODIC);

        assertThat(failures).extracting(CheckpointPartFailed::getStep).containsExactly(6L);
        assertThat(failures.getFirst().getReason()).isEqualTo("The last checkpoint is still being written");
        assertThat(failures.getFirst().getGeneration()).isEqualTo(3);

        runDisk();
        assertThat(parts).extracting(CheckpointPart::getStep).containsExactly(2L, 4L);
        writer.write(snapshot(8, PARAMETERS), Need.PERIODIC);
        runDisk();
        assertThat(parts).extracting(CheckpointPart::getStep).containsExactly(2L, 4L, 8L);
        assertAllFreed();
    }

    @Test
    void theLossScaleOfTheStepIsWrittenWithIt() throws IOException {
        CheckpointWriter writer = writer(disk::add);
        writer.write(snapshot(2, PARAMETERS), Need.PERIODIC);
        runDisk();

        Path file = CheckpointFolder.partial(folder, 2).resolve(parts.getFirst().getFile());
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                .contains("\"loss-scale\":\"1024.0\"", "\"clean-steps\":\"7\"", "\"skipped-steps\":\"3\"");
    }

    @Test
    void aRequiredCheckpointIsNeverGivenUpForAPeriodicOne() {
        CheckpointWriter writer = writer(disk::add);
        writer.write(snapshot(2, PARAMETERS), Need.PERIODIC);
        writer.write(snapshot(4, PARAMETERS), Need.PERIODIC);
        writer.write(snapshot(5, PARAMETERS), Need.REQUIRED);
        writer.write(snapshot(6, PARAMETERS), Need.PERIODIC);
        runDisk();

        assertThat(parts).extracting(CheckpointPart::getStep).containsExactly(2L, 5L);
        assertThat(failures).extracting(CheckpointPartFailed::getStep).containsExactly(4L, 6L);
        assertAllFreed();
    }

    @Test
    void theSameStepAskedForAgainWhileItWaitsIsWrittenOnce() {
        CheckpointWriter writer = writer(disk::add);
        writer.write(snapshot(2, PARAMETERS), Need.PERIODIC);
        writer.write(snapshot(5, PARAMETERS), Need.REQUIRED);
        writer.write(snapshot(5, PARAMETERS), Need.PERIODIC);
        writer.write(snapshot(6, PARAMETERS), Need.PERIODIC);
        runDisk();

        assertThat(parts).extracting(CheckpointPart::getStep).containsExactly(2L, 5L);
        assertThat(failures).extracting(CheckpointPartFailed::getStep).containsExactly(6L);
        assertAllFreed();
    }

    @Test
    void anUnexpectedErrorIsReportedAndTheNextCheckpointIsWritten() {
        CheckpointWriter writer = writer(Runnable::run);
        writer.write(snapshot(2, PARAMETERS - 1), Need.PERIODIC);
        writer.write(snapshot(4, PARAMETERS), Need.PERIODIC);

        assertThat(failures).extracting(CheckpointPartFailed::getStep).containsExactly(2L);
        assertThat(parts).extracting(CheckpointPart::getStep).containsExactly(4L);
        assertAllFreed();
    }

    @Test
    void aDiskThatTakesNothingIsReported() {
        CheckpointWriter writer = writer(_ -> {
            throw new RejectedExecutionException("closed");
        });
        writer.write(snapshot(2, PARAMETERS), Need.REQUIRED);

        assertThat(failures).extracting(CheckpointPartFailed::getStep).containsExactly(2L);
        assertAllFreed();
    }

    private CheckpointWriter writer(Executor executor) {
        return new CheckpointWriter(
                settings(),
                executor,
                new ParameterServerMetrics(new SimpleMeterRegistry()),
                new CheckpointWriter.Listener() {
                    @Override
                    public void written(CheckpointPart part) {
                        parts.add(part);
                    }

                    @Override
                    public void failed(CheckpointPartFailed failure) {
                        failures.add(failure);
                    }
                });
    }

    private ShardSettings settings() {
        return Jobs.synchronous(1, folder);
    }

    private ShardSnapshot snapshot(long step, int elements) {
        Arena arena = Arena.ofShared();
        ShardSnapshot snapshot = new ShardSnapshot(
                settings(),
                3,
                step,
                List.of(step, step, step),
                new LossScale(1024, 2000, 7, 3),
                arena.allocate((long) elements * Float.BYTES, Float.BYTES),
                List.of(),
                List.of(),
                arena);
        snapshots.add(snapshot);
        return snapshot;
    }

    private void runDisk() {
        while (!disk.isEmpty()) {
            disk.remove().run();
        }
    }

    private void assertAllFreed() {
        assertThat(snapshots).noneMatch(snapshot -> snapshot.arena().scope().isAlive());
    }
}
