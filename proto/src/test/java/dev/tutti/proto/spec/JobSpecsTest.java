package dev.tutti.proto.spec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Adagrad;
import dev.tutti.proto.v1.Adam;
import dev.tutti.proto.v1.Adamw;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Loss;
import dev.tutti.proto.v1.Normalize;
import dev.tutti.proto.v1.Optimizer;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Rmsprop;
import dev.tutti.proto.v1.Transform;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class JobSpecsTest {
    private static JobSpec.Builder small() {
        JobSpec.Builder spec = JobSpec.newBuilder();
        spec.getModelBuilder().setPreset("mlp").addHidden(32);
        spec.getDataBuilder().getSourceBuilder().setName("digits");
        spec.getTrainingBuilder().setEpochs(1).setBatch(64);
        return spec;
    }

    @Test
    void whatIsLeftOutIsFilledIn() {
        JobSpec spec = JobSpecs.withDefaults(small().build());
        assertThat(spec.getName()).isEqualTo("job");
        assertThat(spec.getTraining().getLoss()).isEqualTo(Loss.LOSS_CROSS_ENTROPY);
        assertThat(spec.getTraining().getPrecision()).isEqualTo(Precision.PRECISION_F32);
        assertThat(spec.getTraining().getConsistency().hasSynchronous()).isTrue();
        assertThat(spec.getTraining().getOptimizer().getAdam())
                .isEqualTo(Adam.newBuilder()
                        .setRate(0.001)
                        .setBeta1(0.9)
                        .setBeta2(0.999)
                        .setEpsilon(1e-8)
                        .build());
        assertThat(spec.getCluster().getWorkers().getMin()).isEqualTo(1);
        assertThat(spec.getCluster().getWorkers().getMax()).isEqualTo(1);
        assertThat(spec.getCluster().getParameterServers()).isEqualTo(1);
        assertThat(spec.getCluster().getSlices()).isEqualTo(1);
        assertThat(spec.getCheckpoint().getKeep()).isEqualTo(3);
        assertThat(spec.getData().hasSplit()).isTrue();
        assertThat(JobSpecs.problems(spec)).isEmpty();
        assertThat(JobSpecs.withDefaults(spec)).isEqualTo(spec);
    }

    @Test
    void drawnDigitsAreAsManyAsTheirNameAloneGives() {
        JobSpec.Builder spec = small();
        spec.getDataBuilder().getSourceBuilder().getDigitsBuilder().setTest(7);

        var digits = JobSpecs.withDefaults(spec.build()).getData().getSource().getDigits();

        assertThat(digits.getTrain()).isEqualTo(12_000);
        assertThat(digits.getTest()).isEqualTo(7);
    }

    @Test
    void noTestDigitsAreNoTestSetAndNoTrainingDigitsAreRefused() {
        JobSpec.Builder spec = small();
        spec.getDataBuilder().getSourceBuilder().getDigitsBuilder().setTest(0);
        JobSpec filled = JobSpecs.withDefaults(spec.build());
        assertThat(filled.getData().getSource().getDigits().getTest()).isZero();
        assertThat(JobSpecs.problems(filled)).isEmpty();
        assertProblem(
                s -> s.getDataBuilder().getSourceBuilder().getDigitsBuilder().setTrain(0),
                "data.source.digits.train must be 1 to 1000000, got 0");
    }

    @Test
    void anEmptyNameIsNotTakenForNone() {
        assertProblem(s -> s.setName(""), "name must have 1 to 128 characters");
    }

    @Test
    void oneMistakeIsOneProblemOfTheKeyThatWasWritten() {
        assertProblem(
                s -> s.getClusterBuilder().getWorkersBuilder().setMax(0),
                "cluster.workers.max must be 1 to 1024, got 0");
        assertProblem(
                s -> s.getClusterBuilder().getWorkersBuilder().setMin(5000),
                "cluster.workers.min must be 1 to 1024, got 5000");
        assertProblem(
                JobSpecsTest::transformer,
                s -> s.getModelBuilder().setContext(0),
                "model.context must be 1 to 65536, got 0");
        assertProblem(
                JobSpecsTest::transformer,
                s -> s.getDataBuilder().getSourceBuilder().getTextBuilder().setContext(0),
                "data.source.text.context must be 1 to 65536, got 0");
    }

    private static void transformer(JobSpec.Builder spec) {
        spec.clearModel().getModelBuilder().setPreset("transformer");
        spec.getDataBuilder().getSourceBuilder().getTextBuilder().setPath("text.txt");
    }

    private static void assertProblem(
            Consumer<JobSpec.Builder> kind, Consumer<JobSpec.Builder> breaking, String expected) {
        assertProblem(kind.andThen(breaking), expected);
    }

    @Test
    void slicesFollowTheMostWorkers() {
        JobSpec.Builder spec = small();
        spec.getClusterBuilder().getWorkersBuilder().setMin(2).setMax(4);
        assertThat(JobSpecs.withDefaults(spec.build()).getCluster().getSlices()).isEqualTo(4);
    }

    @Test
    void everyBrokenRuleIsNamedWithItsPath() {
        assertProblem(
                s -> s.getModelBuilder().setPreset("mpl"),
                "model.preset is no preset: mpl (did you mean mlp?); known presets: mlp, lenet, lstm, transformer, or"
                        + " a list of layers");
        assertProblem(s -> s.getModelBuilder().addHidden(0), "model.hidden[1] must be 1 to 65536, got 0");
        assertProblem(s -> s.getModelBuilder().addHidden(-1), "model.hidden[1] must be 1 to 65536, got 4294967295");
        assertProblem(
                s -> s.getDataBuilder().getSourceBuilder().setName("minst"),
                "data.source is no source: minst (did you mean mnist?); known sources: mnist, digits, tinyshakespeare,"
                        + " or {idx: …}, {digits: …}, {text: …}");
        assertProblem(
                s -> s.getDataBuilder().clearSource(),
                "data.source is missing; known sources: mnist, digits, tinyshakespeare, or {idx: …}, {digits: …},"
                        + " {text: …}");
        assertProblem(
                s -> s.getDataBuilder().getSplitBuilder().setValidation(1),
                "data.split.validation must be at least 0 and less than 1, got 1.0");
        assertProblem(
                s -> s.getDataBuilder().getSplitBuilder().setValidation(Double.NaN),
                "data.split.validation must be at least 0 and less than 1, got NaN");
        assertProblem(
                s -> s.getDataBuilder()
                        .addTransforms(Transform.newBuilder()
                                .setNormalize(Normalize.newBuilder().setStd(0))),
                "data.transforms[0].normalize.std must be a finite number other than 0, got 0.0");
        assertProblem(s -> s.getTrainingBuilder().setEpochs(0), "training.epochs must be 1 to 1000000, got 0");
        assertProblem(
                s -> s.getTrainingBuilder()
                        .getOptimizerBuilder()
                        .getSgdBuilder()
                        .setRate(0),
                "training.optimizer.sgd.rate must be a finite number greater than 0, got 0.0");
        assertProblem(
                s -> s.getTrainingBuilder()
                        .getOptimizerBuilder()
                        .getAdamBuilder()
                        .setBeta2(1),
                "training.optimizer.adam.beta2 must be at least 0 and less than 1, got 1.0");
        assertProblem(
                s -> s.getClusterBuilder().getWorkersBuilder().setMin(3).setMax(2),
                "cluster.workers.max must be at least workers.min, which is 3, got 2");
        assertProblem(
                s -> s.getClusterBuilder().setParameterServers(0),
                "cluster.parameter-servers must be 1 to 1024, got 0");
        assertProblem(
                s -> s.getClusterBuilder().setSlices(65),
                "cluster.slices must be at most training.batch, which is 64, so that no slice is empty, got 65");
        assertProblem(
                s -> s.getClusterBuilder().setSlices(1).getWorkersBuilder().setMax(2),
                "cluster.slices must be at least workers.max, which is 2, so that every worker has a slice, got 1");
    }

    @Test
    void everyOptimizerHasPyTorchsDefaults() {
        assertThat(filled(Optimizer.newBuilder().setAdamw(Adamw.getDefaultInstance())))
                .isEqualTo("adamw { rate: 0.001 beta1: 0.9 beta2: 0.999 epsilon: 1.0E-8 decay: 0.01 }");
        assertThat(filled(Optimizer.newBuilder().setRmsprop(Rmsprop.newBuilder().setMomentum(0.9))))
                .isEqualTo("rmsprop { rate: 0.01 alpha: 0.99 epsilon: 1.0E-8 momentum: 0.9 }");
        assertThat(filled(Optimizer.newBuilder().setAdagrad(Adagrad.newBuilder().setRate(0.5))))
                .isEqualTo("adagrad { rate: 0.5 epsilon: 1.0E-10 }");
    }

    private static String filled(Optimizer.Builder optimizer) {
        JobSpec.Builder spec = JobSpec.newBuilder();
        spec.getTrainingBuilder().setOptimizer(optimizer);
        return JobSpecs.withDefaults(spec.build())
                .getTraining()
                .getOptimizer()
                .toString()
                .strip()
                .replaceAll("\\s+", " ");
    }

    @Test
    void optimizersRefuseWhatMakesNoSense() {
        assertProblem(
                s -> s.getTrainingBuilder()
                        .getOptimizerBuilder()
                        .getSgdBuilder()
                        .setRate(1)
                        .setNesterov(true),
                "training.optimizer.sgd.nesterov needs a momentum greater than 0");
        assertProblem(
                s -> s.getTrainingBuilder().getOptimizerBuilder().setAdamw(valid().setDecay(-1)),
                "training.optimizer.adamw.decay must be a finite number, 0 or greater, got -1.0");
        assertProblem(
                s -> s.getTrainingBuilder().getRegularizationBuilder().setL1(-1),
                "training.regularization.l1 must be a finite number, 0 or greater, got -1.0");
        assertProblem(
                s -> s.getTrainingBuilder().getClipBuilder().setValue(0),
                "training.clip.value must be a finite number greater than 0, got 0.0");
    }

    private static Adamw.Builder valid() {
        return Adamw.newBuilder().setRate(1).setBeta1(0.9).setBeta2(0.9).setEpsilon(1e-8);
    }

    @Test
    void whatIsRequiredAndMissingIsNotTakenForZero() {
        assertProblem(s -> s.getTrainingBuilder().clearEpochs(), "training.epochs is missing");
        assertProblem(s -> s.getTrainingBuilder().clearBatch(), "training.batch is missing");
        assertProblem(
                s -> s.getTrainingBuilder()
                        .getOptimizerBuilder()
                        .getSgdBuilder()
                        .setMomentum(0.9),
                "training.optimizer.sgd.rate is missing");
        assertProblem(
                s -> s.getDataBuilder()
                        .addTransforms(Transform.newBuilder()
                                .setNormalize(Normalize.newBuilder().setMean(0.5))),
                "data.transforms[0].normalize.std is missing");
    }

    @Test
    void aRuleAboutTwoValuesNamesTheOtherAndWhatWouldKeepIt() {
        JobSpec.Builder spec = small();
        spec.getClusterBuilder().setSlices(2).getWorkersBuilder().setMin(4);

        SpecProblem problem =
                JobSpecs.problems(JobSpecs.withDefaults(spec.build())).getFirst();

        assertThat(problem.path()).isEqualTo("cluster.slices");
        assertThat(problem.measuredBy()).contains("cluster.workers.max");
        assertThat(problem.remedy()).contains("cluster.slices=4");
    }

    @Test
    void whatOnlyCrossEntropyHasNeedsIt() {
        assertProblem(
                s -> s.getTrainingBuilder().setLabelSmoothing(1),
                "training.label-smoothing must be at least 0 and less than 1, got 1.0");
        assertProblem(
                s -> s.getTrainingBuilder().setLoss(Loss.LOSS_MSE).setLabelSmoothing(0.1),
                "training.label-smoothing needs training.loss to be cross-entropy");
        assertProblem(
                s -> s.getTrainingBuilder()
                        .setLoss(Loss.LOSS_BINARY_CROSS_ENTROPY)
                        .setIgnoredLabel(0),
                "training.ignored-label needs training.loss to be cross-entropy");
    }

    @Test
    void countsThatNoMachineCanHoldAreRefused() {
        assertProblem(
                s -> s.getDataBuilder().getSourceBuilder().getDigitsBuilder().setTrain(2_000_000_000),
                "data.source.digits.train must be 1 to 1000000, got 2000000000");
        assertProblem(
                s -> s.getDataBuilder().getSourceBuilder().getDigitsBuilder().setTest(-1),
                "data.source.digits.test must be 0 to 1000000, got 4294967295");
        assertProblem(
                s -> s.getCheckpointBuilder().setKeep((int) 3_000_000_000L),
                "checkpoint.keep must be 0 to 2147483647, got 3000000000");
        assertProblem(
                s -> s.getCheckpointBuilder().setEvery((int) 3_000_000_000L),
                "checkpoint.every must be 0 to 2147483647, got 3000000000");
    }

    private static void assertProblem(Consumer<JobSpec.Builder> breaking, String expected) {
        JobSpec.Builder spec = small();
        breaking.accept(spec);
        assertThat(JobSpecs.problems(JobSpecs.withDefaults(spec.build())))
                .extracting(SpecProblem::toString)
                .containsExactly(expected);
    }
}
