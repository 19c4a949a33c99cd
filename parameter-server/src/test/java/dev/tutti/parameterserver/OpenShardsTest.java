package dev.tutti.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.Jobs;
import dev.tutti.parameterserver.shard.ShardDirectory;
import dev.tutti.parameterserver.shard.ShardSettings;
import dev.tutti.proto.v1.ToCoordinator;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything on the test's thread. */
class OpenShardsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    private final ShardDirectory directory = new ShardDirectory();
    private final List<ToCoordinator> told = new ArrayList<>();
    private final OpenShards shards = new OpenShards(
            directory,
            Runnable::run,
            Runnable::run,
            new ParameterServerMetrics(new SimpleMeterRegistry()),
            message -> told.add(message.build()));

    @AfterEach
    void free() {
        shards.releaseAll();
    }

    @Test
    void aShardThatFailedIsNotDrawnAnew() {
        shards.open(settings(), 1, true);
        directory.find(Jobs.JOB, 0).orElseThrow().execute(_ -> failing(), () -> {});
        assertThat(last().getShardFailed().getReason()).contains("has failed");

        shards.open(settings(), 2, false);
        assertThat(last().getShardFailed().getReason()).isEqualTo("shard 0 of job job-1 is lost here");
        assertThat(directory.all()).isEmpty();
    }

    @Test
    void aNewCoordinatorHearsOfTheLastPartAgain() {
        shards.repeatLastParts();
        assertThat(told).isEmpty();

        shards.open(settings(), 1, true);
        shards.checkpoint(Jobs.JOB, 1, 0);
        ToCoordinator part = last();
        assertThat(part.getCheckpointPart().getGeneration()).isEqualTo(1);
        told.clear();
        shards.repeatLastParts();
        assertThat(told).containsExactly(part);

        shards.release(Jobs.JOB);
        told.clear();
        shards.repeatLastParts();
        assertThat(told).isEmpty();
    }

    @Test
    void aPartThatCannotBeWrittenCostsTheCheckpointOnly() throws Exception {
        shards.open(settings(), 1, true);
        Files.writeString(settings().checkpointFolder(), "not a folder");
        shards.checkpoint(Jobs.JOB, 1, 0);

        assertThat(last().getCheckpointPartFailed().getJob()).isEqualTo(Jobs.JOB);
        assertThat(last().getCheckpointPartFailed().getGeneration()).isEqualTo(1);
        assertThat(last().getCheckpointPartFailed().getReason()).contains("checkpoints");
        assertThat(directory.all()).hasSize(1);
    }

    @Test
    void aCheckpointAskedForByAnOlderGenerationIsIgnored() {
        shards.open(settings(), 1, true);
        shards.open(settings(), 2, false);
        told.clear();
        shards.checkpoint(Jobs.JOB, 1, 0);
        assertThat(told).isEmpty();
    }

    private ShardSettings settings() {
        return Jobs.synchronous(1, folder.resolve("checkpoints"));
    }

    private ToCoordinator last() {
        return told.getLast();
    }

    private static void failing() {
        throw new IllegalStateException("a defect");
    }
}
