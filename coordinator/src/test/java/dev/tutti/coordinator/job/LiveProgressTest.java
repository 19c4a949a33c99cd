package dev.tutti.coordinator.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.Progress;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerProgress;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is shown of a job while its workers report, and afterwards. */
class LiveProgressTest {
    private static final long AT_MILLIS = 5_000;

    private final Rehearsal cluster = Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b");
    private final LiveProgress live = new LiveProgress();

    @BeforeEach
    void run() {
        cluster.running(Specs.synchronous(1, 2));
    }

    @Test
    void aJobNobodyHasReportedAboutHasNoLoss() {
        assertThat(shown().getProgress().hasLoss()).isFalse();
    }

    @Test
    void theMeanLossOfTheLastReportsIsShown() {
        report(11, Specs.sums(3, -1, 4));
        report(12, Specs.sums(1, -1, 4));

        assertThat(shown().getProgress().getStep()).isEqualTo(12);
        assertThat(shown().getProgress().getLoss()).isEqualTo(0.5);
    }

    @Test
    void anEndedJobShowsTheSameAfterTheCoordinatorsRestart() {
        report(12, Specs.sums(1, -1, 4));
        cluster.cancel();
        Progress before = shown().getProgress();

        live.last(cluster.job(), AT_MILLIS).ifPresent(event -> cluster.on(_ -> event));
        live.forgetIfEnded(cluster.job());

        assertThat(before.getStep()).isEqualTo(12);
        assertThat(before.getLoss()).isEqualTo(0.25);
        assertThat(shown().getProgress()).isEqualTo(before);
        assertThat(replayed().getProgress()).isEqualTo(before);
    }

    @Test
    void aCheckpointMayTellOfALaterStepThanTheReports() {
        report(12, Specs.sums(1, -1, 4));
        cluster.stop().stopped("w-a", 13).checkpointed(13);

        assertThat(shown().getProgress().getStep()).isEqualTo(13);
    }

    @Test
    void nothingIsKeptOfAJobNobodyReportedAbout() {
        cluster.cancel();

        assertThat(live.last(cluster.job(), AT_MILLIS)).isEmpty();
    }

    private void report(long step, Sums training) {
        WorkerProgress report = WorkerProgress.newBuilder()
                .setJob(Rehearsal.JOB)
                .setGeneration(cluster.generation())
                .setWorker("w-a")
                .setStep(step)
                .setTraining(training)
                .build();
        assertThat(live.add(Optional.of(cluster.job()), report, AT_MILLIS)).isPresent();
    }

    private Job shown() {
        return live.view(cluster.job(), AT_MILLIS);
    }

    /** By a coordinator that has only the journal. */
    private Job replayed() {
        ClusterState state = ClusterState.EMPTY;
        for (Event event : cluster.journal) {
            state = JobDecisions.decide(state, event).state();
        }
        return JobView.of(state.job(Rehearsal.JOB).orElseThrow());
    }
}
