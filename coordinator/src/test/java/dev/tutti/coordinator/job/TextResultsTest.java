package dev.tutti.coordinator.job;

import static dev.tutti.coordinator.job.Specs.TOTAL_STEPS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobResult;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerFinished;
import org.junit.jupiter.api.Test;

class TextResultsTest {
    private final Rehearsal full = Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b");

    @Test
    void anEvaluationSaysHowManyLabelsCountIfSomeDoNot() {
        Sums sums = Sums.newBuilder()
                .setLossSum(9)
                .setCorrect(3)
                .setSamples(10)
                .setLabels(6)
                .build();
        JobSpec.Builder spec = Specs.synchronous(1, 1).toBuilder();
        assertThat(SumsOf.evaluation(sums, spec.build()).orElseThrow().hasLabels())
                .isFalse();
        spec.getTrainingBuilder().setIgnoredLabel(7);
        assertThat(SumsOf.evaluation(sums, spec.build()).orElseThrow().getLabels())
                .isEqualTo(6);
    }

    @Test
    void textIsMeasuredByTokenAndEndsWithWhatTheModelWrites() {
        full.running(Specs.text());
        for (int epoch = 0; epoch < Specs.EPOCHS; epoch++) {
            full.epoch("w-a", epoch).epoch("w-b", epoch);
        }
        WorkerFinished report = WorkerFinished.newBuilder()
                .setStep(TOTAL_STEPS)
                .setTest(Sums.newBuilder()
                        .setLossSum(20)
                        .setCorrect(8)
                        .setSamples(2)
                        .setLabels(16))
                .setParametersSha256("abc")
                .build();
        full.done("w-a", report.toBuilder().setSample("To be")).done("w-b", report.toBuilder());
        full.checkpointed(TOTAL_STEPS);

        JobResult result = JobView.of(full.job()).getResult();

        assertThat(result.getSample()).isEqualTo("To be");
        assertThat(result.getTest().getSamples()).isEqualTo(4);
        assertThat(result.getTest().getLoss()).isEqualTo(1.25);
        assertThat(result.getTest().getAccuracy()).isEqualTo(0.5);
        assertThat(result.getTest().getPerplexity()).isEqualTo(Math.exp(1.25));
        assertThat(result.getValidation().getPerplexity()).isEqualTo(Math.exp(0.5));
    }
}
