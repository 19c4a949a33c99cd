package dev.tutti.coordinator.job;

import static dev.tutti.proto.v1.JobState.JOB_STATE_STOPPED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Sums;
import org.junit.jupiter.api.Test;

/** Jobs whose steps do not wait for the last worker. */
class BackupWorkersTest {
    private final Rehearsal cluster = Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b");

    @Test
    void workersThatStopAfterDifferentStepsTakeOneMoreTogether() {
        cluster.running(Specs.withBackupWorker(2, 2)).stop();
        cluster.stopped("w-a", 7);
        assertThat(cluster.opens())
                .as("shards are fenced, so that nobody goes on")
                .hasSize(2);

        cluster.allOpened(9);
        assertThat(cluster.starts()).hasSize(2).allSatisfy(start -> {
            assertThat(start.getStartStep()).isEqualTo(9);
            assertThat(start.getTotalSteps()).isEqualTo(10);
            assertThat(start.getWorkers()).isEqualTo(2);
        });
        cluster.ended("w-b", 10);
        cluster.checkpointed(10);

        assertThat(cluster.jobState()).isEqualTo(JOB_STATE_STOPPED);
    }

    @Test
    void theTrainingLossIsThatOfTheSamplesThatCounted() {
        cluster.running(Specs.withBackupWorker(2, 2));
        cluster.epoch("w-a", 0, Specs.sums(45, -1, 90));
        cluster.epoch("w-b", 0, Sums.getDefaultInstance());

        assertThat(JobView.of(cluster.job()).getEpochs(0).getTrainLoss()).isEqualTo(0.5);
    }
}
