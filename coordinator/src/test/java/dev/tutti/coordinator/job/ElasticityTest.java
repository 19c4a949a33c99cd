package dev.tutti.coordinator.job;

import static dev.tutti.proto.v1.JobState.JOB_STATE_RUNNING;
import static dev.tutti.proto.v1.JobState.JOB_STATE_STARTING;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.StartGeneration;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;

/** Workers come while a job runs. */
class ElasticityTest {
    private final Rehearsal rehearsal = Rehearsal.withMembers("ps-a", "ps-b", "w-a");

    @Test
    void aRunningJobTakesAWorkerThatJoins() {
        rehearsal.running(Specs.synchronous(1, 3)).join(Specs.worker("w-b"));
        assertThat(rehearsal.jobState()).isEqualTo(JOB_STATE_STARTING);
        assertThat(rehearsal.generation()).isEqualTo(2);
        rehearsal.allOpened(5);
        assertThat(rehearsal.jobState()).isEqualTo(JOB_STATE_RUNNING);
        assertThat(rehearsal.starts())
                .extracting(StartGeneration::getStartStep, StartGeneration::getSliceBegin, StartGeneration::getSliceEnd)
                .containsExactly(Tuple.tuple(5L, 0, 2), Tuple.tuple(5L, 2, 4));
    }

    @Test
    void asManyAsItAskedForAtMost() {
        rehearsal
                .running(Specs.synchronous(1, 2))
                .join(Specs.worker("w-b"))
                .allOpened(5)
                .join(Specs.worker("w-c"));
        assertThat(rehearsal.generation()).isEqualTo(2);
        assertThat(rehearsal.training().team().workers()).containsExactly("w-a", "w-b");
    }

    @Test
    void onlyThoseThatComputeTheSameBits() {
        rehearsal.running(Specs.synchronous(1, 3)).join(Specs.worker("w-b", "reference"));
        assertThat(rehearsal.generation()).isEqualTo(1);
    }

    @Test
    void notBeforeAJobThatWaits() {
        rehearsal
                .running(Specs.synchronous(1, 3))
                .submit("second", Specs.synchronous(2, 2))
                .planned("second");
        rehearsal.join(Specs.worker("w-b"));
        assertThat(rehearsal.generation()).isEqualTo(1);
    }

    @Test
    void whoWasFreedByAnotherJobJoins() {
        Rehearsal two = Rehearsal.withMembers("ps-a", "ps-b", "ps-c", "ps-d", "w-a", "w-b");
        two.submit("other", Specs.synchronous(1, 1)).planned("other");
        two.running(Specs.synchronous(1, 2));
        assertThat(two.training().team().workers()).containsExactly("w-b");
        two.on(at -> new Event.CancelAsked(at, "other"));
        assertThat(two.generation()).isEqualTo(2);
        assertThat(two.training().team().workers()).containsExactly("w-b", "w-a");
    }

    @Test
    void nobodyJoinsAJobThatIsNearlyDone() {
        rehearsal.running(Specs.synchronous(1, 3)).finished("w-a", "00").join(Specs.worker("w-b"));
        assertThat(rehearsal.generation()).isEqualTo(1);
    }
}
