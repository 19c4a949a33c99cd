package dev.tutti.client.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.EpochResult;
import dev.tutti.proto.v1.Evaluation;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.Notice;
import dev.tutti.proto.v1.Progress;
import dev.tutti.proto.v1.StateChanged;
import dev.tutti.proto.v1.Training;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class JobNarratorTest {
    private static final Job RUNNING = Job.newBuilder()
            .setId("job-1")
            .setState(JobState.JOB_STATE_RUNNING)
            .setSpec(JobSpec.newBuilder()
                    .setTraining(Training.newBuilder().setBatch(100).setEpochs(5)))
            .build();
    private static final Progress PROGRESS = Progress.newBuilder()
            .setStep(25)
            .setTotalSteps(100)
            .setEpoch(2)
            .setTotalEpochs(5)
            .setSamplesPerSecond(1500)
            .setLoss(0.25)
            .setWorkers(2)
            .build();

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private Instant now = Instant.EPOCH;

    @Test
    void aTerminalGetsOneLineRedrawnInPlace() {
        var narrator = narrator(true);

        progressAt(narrator, 1);
        progressAt(narrator, 1.01);
        progressAt(narrator, 2);
        narrator.accept(JobEvent.newBuilder()
                .setJob(RUNNING)
                .setNotice(Notice.newBuilder().setText("worker-2 was lost"))
                .build());

        String line = "\r\u001b[Kepoch 2/5  step 25/100  25 %  1,500 samples/s  loss 0.2500  ETA 0:05  2 workers";
        assertThat(text()).isEqualTo(line + line + "\r\u001b[Kworker-2 was lost" + System.lineSeparator());
    }

    @Test
    void aFileGetsALineNowAndThen() {
        var narrator = narrator(false);

        for (int second = 1; second <= 25; second++) {
            progressAt(narrator, second);
        }

        assertThat(text().lines()).hasSize(2).allMatch(line -> line.startsWith("epoch 2/5  step 25/100"));
    }

    @Test
    void epochsAndStatesAreAlwaysTold() {
        var narrator = narrator(false);

        narrator.accept(JobEvent.newBuilder()
                .setJob(RUNNING)
                .setState(StateChanged.getDefaultInstance())
                .build());
        narrator.accept(JobEvent.newBuilder()
                .setJob(RUNNING)
                .setState(StateChanged.getDefaultInstance())
                .build());
        narrator.accept(JobEvent.newBuilder()
                .setJob(RUNNING)
                .setEpoch(EpochResult.newBuilder()
                        .setEpoch(2)
                        .setTrainLoss(0.5)
                        .setSeconds(3.21)
                        .setValidation(Evaluation.newBuilder()
                                .setLoss(0.4)
                                .setAccuracy(0.975)
                                .setSamples(6000)))
                .build());

        assertThat(text().lines())
                .containsExactly(
                        "job job-1 is running",
                        "epoch 2/5  loss 0.5000  validation loss 0.4000, accuracy 97.50 % (6,000 samples)  3.2 s");
    }

    private void progressAt(JobNarrator narrator, double second) {
        now = Instant.EPOCH.plusMillis((long) (1000 * second));
        narrator.accept(
                JobEvent.newBuilder().setJob(RUNNING).setProgress(PROGRESS).build());
    }

    private JobNarrator narrator(boolean interactive) {
        return new JobNarrator(
                new Narration(new PrintStream(err, true, StandardCharsets.UTF_8), interactive), () -> now);
    }

    private String text() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
