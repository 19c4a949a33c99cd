package dev.tutti.client.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.EpochResult;
import dev.tutti.proto.v1.Evaluation;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobResult;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Progress;
import dev.tutti.proto.v1.Training;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JobReportTest {
    private static final List<String> KEYS = List.of(
            "job_id",
            "state",
            "epochs",
            "steps",
            "samples",
            "train_loss",
            "validation",
            "test",
            "wall_seconds",
            "training_seconds",
            "samples_per_second",
            "parameters",
            "parameters_sha256",
            "checkpoint",
            "workers",
            "parameter_servers",
            "generations",
            "backend",
            "precision");

    private static final Job SUCCEEDED = Job.newBuilder()
            .setId("job-1")
            .setState(JobState.JOB_STATE_SUCCEEDED)
            .setSpec(JobSpec.newBuilder().setTraining(Training.newBuilder().setPrecision(Precision.PRECISION_BF16)))
            .addEpochs(EpochResult.newBuilder().setEpoch(1))
            .setGeneration(1)
            .addWorkers("worker-1")
            .addWorkers("worker-2")
            .addParameterServers("parameter-server-1")
            .setResult(JobResult.newBuilder()
                    .setSteps(10)
                    .setSamples(1000)
                    .setTrainLoss(0.25)
                    .setValidation(Evaluation.newBuilder()
                            .setLoss(0.5)
                            .setAccuracy(0.9)
                            .setSamples(100))
                    .setTest(Evaluation.newBuilder()
                            .setLoss(0.5)
                            .setAccuracy(0.95)
                            .setSamples(200))
                    .setTrainingSeconds(4)
                    .setParameters(123)
                    .setParametersSha256("abc")
                    .setCheckpoint("/checkpoints/step-000000010")
                    .setBackend("cpu"))
            .build();

    @Test
    void aSucceededJobHasExactlyThePromisedKeys() throws IOException {
        JsonNode report = json(SUCCEEDED);

        assertThat(report.fieldNames()).toIterable().containsExactlyElementsOf(KEYS);
        assertThat(report.get("state").asText()).isEqualTo("succeeded");
        assertThat(report.at("/test/accuracy").asDouble()).isEqualTo(0.95);
        assertThat(report.at("/validation/samples").asInt()).isEqualTo(100);
        assertThat(report.get("samples_per_second").asDouble()).isEqualTo(250);
        assertThat(report.get("wall_seconds").asDouble()).isEqualTo(6.5);
        assertThat(report.get("workers").asInt()).isEqualTo(2);
        assertThat(report.get("precision").asText()).isEqualTo("bf16");
    }

    @Test
    void aFailedJobHasThemToo_andAReason() throws IOException {
        Job failed = SUCCEEDED.toBuilder()
                .setState(JobState.JOB_STATE_FAILED)
                .setReason("loss is NaN at step 17")
                .clearResult()
                .build();

        JsonNode report = json(failed);

        assertThat(report.fieldNames()).toIterable().containsAll(KEYS).hasSize(KEYS.size() + 1);
        assertThat(report.get("reason").asText()).isEqualTo("loss is NaN at step 17");
        assertThat(report.get("test").isNull()).isTrue();
        assertThat(report.get("parameters_sha256").isNull()).isTrue();
    }

    @Test
    void aJobInF16TellsOfStepsItSkipped() throws IOException {
        Job.Builder f16 = SUCCEEDED.toBuilder();
        f16.getSpecBuilder().getTrainingBuilder().setPrecision(Precision.PRECISION_F16);
        f16.getResultBuilder().setSkippedSteps(3);

        assertThat(json(f16.build()).get("skipped_steps").asInt()).isEqualTo(3);
        assertThat(JobTables.description(f16.build(), Instant.EPOCH))
                .contains("skipped     3 of 10 steps, whose gradients overflowed in f16");
        assertThat(json(f16.clearResult().build()).get("skipped_steps").isNull())
                .isTrue();
    }

    @Test
    void aLossThatIsNoNumberIsNull() throws IOException {
        var broken = SUCCEEDED.toBuilder();
        broken.getResultBuilder().setTrainLoss(Double.NaN);

        assertThat(json(broken.build()).get("train_loss").isNull()).isTrue();
    }

    @Test
    void aLossNobodyKnowsIsNullAndADash() {
        Job restarted = SUCCEEDED.toBuilder()
                .setState(JobState.JOB_STATE_FAILED)
                .clearResult()
                .setProgress(Progress.newBuilder().setStep(422).setTotalSteps(12660))
                .build();

        Map<String, @Nullable Object> description = JobReport.description(restarted, Instant.EPOCH);

        assertThat(description).containsEntry("steps", 422L).containsEntry("train_loss", null);
        assertThat(description.get("epoch_results"))
                .asInstanceOf(InstanceOfAssertFactories.list(Map.class))
                .singleElement()
                .satisfies(epoch -> assertThat(epoch.get("train_loss")).isNull());
        assertThat(JobTables.list(List.of(restarted))).contains("422/12660  -").doesNotContain("0.0000");
        assertThat(JobTables.description(restarted, Instant.EPOCH)).doesNotContain("0.0000");
        var result = SUCCEEDED.toBuilder();
        result.getResultBuilder().clearTrainLoss();
        assertThat(JobReport.result(result.build(), 1)).containsEntry("train_loss", null);
        assertThat(JobTables.result(result.build(), 1)).contains("loss -");
    }

    @Test
    void whatCountsIsSaidWhereALabelIsIgnored() throws IOException {
        var ignoring = SUCCEEDED.toBuilder();
        ignoring.getResultBuilder().getTestBuilder().setSamples(60).setLabels(54);

        assertThat(json(ignoring.build()).at("/test/labels").asInt()).isEqualTo(54);
        assertThat(json(ignoring.build()).at("/validation").has("labels")).isFalse();
        assertThat(JobTables.result(ignoring.build(), 1)).contains("(60 samples, of which 54 labels count)");
    }

    @Test
    void aTextHasPerplexitiesAndEndsWithWhatTheModelWrites() throws IOException {
        var text = SUCCEEDED.toBuilder();
        text.getResultBuilder()
                .setSample("\nTo be,\n\u001b[31mor\u009b not")
                .getTestBuilder()
                .setPerplexity(1.6487);

        JsonNode report = json(text.build());

        assertThat(report.at("/test/perplexity").asDouble()).isEqualTo(1.6487);
        assertThat(report.at("/validation").has("perplexity")).isFalse();
        assertThat(report.get("sample").asText()).isEqualTo("\nTo be,\n\u001b[31mor\u009b not");
        assertThat(JobTables.result(text.build(), 6.5))
                .contains("loss 0.5000, perplexity 1.649, accuracy 95.00 %")
                .endsWith("\nwhat the model writes\n---------------------\nTo be,\n\uFFFD[31mor\uFFFD not\n");
    }

    @Test
    void tablesShowTheSame() {
        assertThat(JobTables.result(SUCCEEDED, 6.5))
                .contains(
                        "job         job-1  succeeded", "accuracy 95.00 % (200 samples)", "1,000 samples in 10 steps");
    }

    @Test
    void aDescriptionTellsHowFarARunningJobIsAndWhoTrainsIt() {
        Job running = SUCCEEDED.toBuilder()
                .setState(JobState.JOB_STATE_RUNNING)
                .clearResult()
                .setProgress(Progress.newBuilder()
                        .setStep(1234)
                        .setTotalSteps(5000)
                        .setEpoch(2)
                        .setLoss(0.5))
                .addCheckpoints(Checkpoint.newBuilder().setPath("/checkpoints/step-000001000"))
                .build();

        assertThat(JobTables.description(running, Instant.EPOCH).lines())
                .contains(
                        "progress    step 1,234 of 5,000, epoch 2 of 0, loss 0.5000",
                        "checkpoint  /checkpoints/step-000001000",
                        "cluster     2 workers, 1 parameter server, bf16",
                        "workers     worker-1, worker-2",
                        "servers     parameter-server-1");
    }

    private static JsonNode json(Job job) throws IOException {
        return new ObjectMapper().readTree(OutputFormat.json.render(JobReport.result(job, 6.5), () -> ""));
    }

    @Test
    void aListedJobComesWithItsLastEpochYetTellsHowManyThereWere() {
        Job listed = SUCCEEDED.toBuilder()
                .setSpec(JobSpec.newBuilder().setTraining(Training.newBuilder().setEpochs(3)))
                .build();

        assertThat(JobReport.summary(listed, Instant.EPOCH))
                .containsEntry("epochs", 3)
                .doesNotContainKeys("epoch_results", "checkpoints");
    }

    @Test
    void aListedJobNamesTheSameCheckpointAsItsDescription() {
        Job stopped = SUCCEEDED.toBuilder()
                .setState(JobState.JOB_STATE_STOPPED)
                .clearResult()
                .addCheckpoints(Checkpoint.newBuilder().setPath("/checkpoints/step-000000007"))
                .build();

        assertThat(JobReport.summary(stopped, Instant.EPOCH))
                .containsEntry("checkpoint", "/checkpoints/step-000000007");
    }
}
