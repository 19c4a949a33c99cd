package dev.tutti.coordinator.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Progress;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a coordinator shows of a job before a worker has reported to it. */
class KnownProgressTest {
    private static final int MORE_EPOCHS = 4;

    private final Rehearsal cluster = Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b");

    @BeforeEach
    void run() {
        JobSpec.Builder spec = Specs.synchronous(1, 2).toBuilder();
        spec.getTrainingBuilder().setEpochs(MORE_EPOCHS);
        cluster.running(spec.build());
    }

    @Test
    void nothingIsKnownInTheBeginning() {
        assertThat(progress().getStep()).isZero();
        assertThat(progress().getEpoch()).isEqualTo(1);
    }

    @Test
    void anEpochThatWasMissedHidesNoneAfterIt() {
        cluster.epoch("w-a", 0).epoch("w-b", 0);
        cluster.epoch("w-a", 2).epoch("w-b", 2);

        assertThat(progress().getStep()).isEqualTo(3L * Specs.STEPS_PER_EPOCH);
        assertThat(progress().getEpoch()).isEqualTo(4);
        assertThat(progress().getSamples()).isEqualTo(3L * Specs.TRAIN_SAMPLES);
    }

    @Test
    void theStepOfACheckpointIsComplete() {
        cluster.epoch("w-a", 0).epoch("w-b", 0);
        cluster.checkpointed(40);

        assertThat(progress().getStep()).isEqualTo(40);
    }

    @Test
    void theStepTheGenerationStartedAfterIsComplete() {
        cluster.epoch("w-a", 0).epoch("w-b", 0);
        cluster.restart();
        cluster.join(Specs.server("ps-a")).join(Specs.server("ps-b"));
        cluster.join(Specs.worker("w-a")).join(Specs.worker("w-b"));
        assertThat(progress().getStep()).isEqualTo(Specs.STEPS_PER_EPOCH);

        cluster.allOpened(60);

        assertThat(progress().getStep()).isEqualTo(60);
    }

    @Test
    void roundsOfALocalJobAreTheStepsOfTheirSlices() {
        Rehearsal local = Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b");
        local.running(Specs.local(1, 2));
        local.checkpointed(9);

        Progress progress = JobView.of(local.job()).getProgress();
        assertThat(progress.getStep()).as("a whole epoch and two rounds").isEqualTo(25 + 2 * 4);
        assertThat(progress.getTotalSteps()).isEqualTo(Specs.TOTAL_STEPS);
        assertThat(progress.getSamples()).isEqualTo(Specs.TRAIN_SAMPLES + 2 * 4 * 4);
    }

    private Progress progress() {
        return JobView.of(cluster.job()).getProgress();
    }
}
