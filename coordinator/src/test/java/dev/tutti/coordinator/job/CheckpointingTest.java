package dev.tutti.coordinator.job;

import static dev.tutti.coordinator.job.Specs.TOTAL_STEPS;
import static dev.tutti.proto.v1.JobState.JOB_STATE_FAILED;
import static dev.tutti.proto.v1.JobState.JOB_STATE_RUNNING;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobSpec;
import org.junit.jupiter.api.Test;

class CheckpointingTest {
    private final Rehearsal full = Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b");

    @Test
    void lostCheckpointOnTheWayIsToldAndTheJobGoesOn() {
        full.running(Specs.synchronous(1, 2)).part(0, 20).checkpointLost(20);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_RUNNING);
        assertThat(full.effects)
                .filteredOn(Effect.Publish.class::isInstance)
                .singleElement()
                .satisfies(effect -> assertThat(
                                ((Effect.Publish) effect).event().getNotice().getText())
                        .isEqualTo("The checkpoint of step 20 could not be written: shard 1: disk full"));
        full.checkpointLost(20);
        assertThat(full.ignored()).isTrue();
    }

    @Test
    void lostLastCheckpointFailsTheJob() {
        full.running(Specs.synchronous(1, 2)).checkpointLost(TOTAL_STEPS);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_FAILED);
        assertThat(full.reason()).isEqualTo("The checkpoint of step 50 could not be written: shard 1: disk full");
    }

    @Test
    void stopAfterAStepWhoseCheckpointWasGivenUpAsksEveryShardAgain() {
        full.running(Specs.synchronous(1, 2)).part(0, 20).checkpointLost(20).stop();
        full.stopped("w-a", 20);
        assertThat(full.toServers())
                .extracting(Effect.SendToParameterServer::server)
                .containsExactly("ps-a", "ps-b");
        full.checkpointLost(20);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_FAILED);
        assertThat(full.reason()).startsWith("The checkpoint of step 20 could not be written");
    }

    @Test
    void asManyCheckpointsAreKeptAsAnUnsignedNumberSays() {
        JobSpec.Builder spec = Specs.synchronous(1, 2).toBuilder();
        spec.getCheckpointBuilder().setKeep((int) 3_000_000_000L);
        full.running(spec.build()).checkpointed(20);
        assertThat(full.effects).noneMatch(Effect.PruneCheckpoints.class::isInstance);
        assertThat(JobView.of(full.job()).getCheckpointsList()).hasSize(1);
    }

    @Test
    void onlyTheNewestCheckpointsAreKept() {
        full.running(Specs.synchronous(1, 2)).checkpointed(20).checkpointed(40).checkpointed(TOTAL_STEPS);
        assertThat(full.effects).contains(new Effect.PruneCheckpoints("/checkpoints/" + Rehearsal.JOB, 2));
        assertThat(JobView.of(full.job()).getCheckpointsList())
                .extracting(checkpoint -> checkpoint.getStep())
                .containsExactly(40L, (long) TOTAL_STEPS);
    }

    @Test
    void lastCheckpointLostInARestartIsAskedForAgain() {
        full.running(Specs.synchronous(1, 2)).restart();
        full.join(Specs.worker("w-a"))
                .join(Specs.worker("w-b"))
                .join(Specs.server("ps-b"))
                .join(Specs.server("ps-a"));
        full.allOpened(TOTAL_STEPS);
        assertThat(full.toServers())
                .hasSize(2)
                .allSatisfy(sent ->
                        assertThat(sent.message().getCheckpoint().getStep()).isEqualTo(TOTAL_STEPS));
    }
}
