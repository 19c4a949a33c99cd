package dev.tutti.proto.spec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Consistency;
import dev.tutti.proto.v1.JobSpec;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ConsistencyRulesTest {
    @Test
    void whatIsLeftOutIsFilledIn() {
        assertThat(model(_ -> {})).isEqualTo(new ConsistencyModel.Synchronous(0));
        assertThat(model(Consistency.Builder::getAsynchronousBuilder))
                .isEqualTo(new ConsistencyModel.Asynchronous(false, Optional.empty()));
        assertThat(model(consistency -> consistency.getAsynchronousBuilder().getDelayCompensationBuilder()))
                .isEqualTo(new ConsistencyModel.Asynchronous(
                        false, Optional.of(new ConsistencyModel.Compensation(0.04, false))));
        assertThat(model(Consistency.Builder::getLocalBuilder)).isEqualTo(new ConsistencyModel.Local(50, 1, 0.7, 0.9));
    }

    @Test
    void whatIsSetStays() {
        assertThat(model(consistency -> consistency
                        .getAsynchronousBuilder()
                        .setStalenessScaled(true)
                        .getDelayCompensationBuilder()
                        .setLambda(2)
                        .setAdaptive(true)))
                .isEqualTo(new ConsistencyModel.Asynchronous(
                        true, Optional.of(new ConsistencyModel.Compensation(2, true))));
        assertThat(model(consistency -> consistency
                        .getLocalBuilder()
                        .setSteps(7)
                        .setFragments(3)
                        .getOuterBuilder()
                        .setRate(1)
                        .setMomentum(0)))
                .isEqualTo(new ConsistencyModel.Local(7, 3, 1, 0));
        assertThat(model(consistency -> consistency.getBoundedStalenessBuilder().setClocks(0)))
                .isEqualTo(new ConsistencyModel.BoundedStaleness(0));
    }

    @Test
    void someoneIsWaitedFor() {
        assertThat(problems(consistency -> consistency.getSynchronousBuilder().setBackupWorkers(1)))
                .isEmpty();
        assertThat(problems(consistency -> consistency.getSynchronousBuilder().setBackupWorkers(2)))
                .containsExactly("training.consistency.synchronous.backup-workers must be less than workers.min,"
                        + " which is 2, so that someone is waited for, got 2");
    }

    @Test
    void numbersAreInTheirRanges() {
        assertThat(problems(Consistency.Builder::getBoundedStalenessBuilder))
                .containsExactly("training.consistency.bounded-staleness.clocks is missing");
        assertThat(problems(
                        consistency -> consistency.getBoundedStalenessBuilder().setClocks(-1)))
                .containsExactly("training.consistency.bounded-staleness.clocks must be 0 to 1000000, got 4294967295");
        assertThat(problems(consistency -> consistency.getLocalBuilder().setSteps(0)))
                .containsExactly("training.consistency.local.steps must be 1 to 1000000, got 0");
        assertThat(problems(
                        consistency -> consistency.getLocalBuilder().setSteps(4).setFragments(5)))
                .containsExactly("training.consistency.local.fragments must be at most local.steps, which is 4, so that"
                        + " there is a step between two, got 5");
        assertThat(problems(consistency ->
                        consistency.getLocalBuilder().getOuterBuilder().setRate(0)))
                .containsExactly(
                        "training.consistency.local.outer.rate must be a finite number greater than 0, got 0.0");
        assertThat(problems(consistency ->
                        consistency.getLocalBuilder().getOuterBuilder().setMomentum(1)))
                .containsExactly(
                        "training.consistency.local.outer.momentum must be at least 0 and less than 1, got 1.0");
        assertThat(problems(consistency -> consistency
                        .getAsynchronousBuilder()
                        .getDelayCompensationBuilder()
                        .setLambda(-1)))
                .containsExactly("training.consistency.asynchronous.delay-compensation.lambda must be a finite number"
                        + " greater than 0, got -1.0");
    }

    @Test
    void onlyTheWholeGradientHasANorm() {
        Consumer<Consistency.Builder> local = Consistency.Builder::getLocalBuilder;
        JobSpec.Builder spec = spec(local).toBuilder();
        spec.getTrainingBuilder().getClipBuilder().setNorm(1);
        assertThat(sentences(spec.build()))
                .containsExactly("training.clip.norm needs synchronous training: in a local job each slice takes its"
                        + " own steps; training.clip.value works there");
    }

    private static ConsistencyModel model(Consumer<Consistency.Builder> consistency) {
        return ConsistencyModel.of(spec(consistency).getTraining());
    }

    private static List<String> problems(Consumer<Consistency.Builder> consistency) {
        return sentences(spec(consistency));
    }

    private static List<String> sentences(JobSpec spec) {
        return JobSpecs.problems(spec).stream().map(SpecProblem::toString).toList();
    }

    private static JobSpec spec(Consumer<Consistency.Builder> consistency) {
        JobSpec.Builder spec = JobSpec.newBuilder();
        spec.getModelBuilder().setPreset("mlp").addHidden(32);
        spec.getDataBuilder().getSourceBuilder().setName("digits");
        spec.getTrainingBuilder().setEpochs(1).setBatch(64);
        spec.getClusterBuilder().getWorkersBuilder().setMin(2).setMax(4);
        consistency.accept(spec.getTrainingBuilder().getConsistencyBuilder());
        return JobSpecs.withDefaults(spec.build());
    }
}
