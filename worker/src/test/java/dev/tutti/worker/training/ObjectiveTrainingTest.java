package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Loss;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a job says of its loss and of dropout, through training. */
@Timeout(120)
class ObjectiveTrainingTest {
    @Test
    void dropoutDropsTheSameHoweverManyWorkersThereAre() throws Exception {
        assertThat(digests(withDropout(0.4), 1, 2, 5))
                .hasSize(1)
                .doesNotContainAnyElementsOf(digests(withDropout(0), 1));
    }

    @Test
    void anIgnoredLabelCountsNowhere() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().setIgnoredLabel(3);
        SmallJob job = new SmallJob(spec.build());
        // A tenth of the digits; how many of them are held out for validation is drawn.
        assertThat(job.facts.getTrainSamples()).isEqualTo(164);
        assertThat(job.facts.getTrainLabels()).isBetween(164L - 20, 164L - 20 + 10);
        for (int workers : new int[] {1, 2}) {
            try (MemoryShards shards = job.shards(0.2f, true)) {
                long tested = 0;
                for (RecordedReports reports : job.startAll(shards, 1, 0, workers)) {
                    WorkerFinished finished = reports.finished.get();
                    tested += finished.getTest().getLabels();
                    if (reports.epochs.getFirst().getTraining().getLabels() > 0) {
                        assertThat(reports.epochs.getFirst().getTraining().getLabels())
                                .isEqualTo(job.facts.getTrainLabels());
                    }
                }
                assertThat(tested).isEqualTo(60 - 6);
            }
        }
        assertThat(digests(spec, 1, 2)).hasSize(1).doesNotContainAnyElementsOf(digests(SmallJob.spec(), 1));
    }

    /** Of a batch norm at the front, which sees the same whatever is learned behind it. */
    @Test
    void statisticsAreThoseOfTheSamplesWhateverLabelsCount() throws Exception {
        JobSpec.Builder ignoring = withBatchNorm();
        ignoring.getTrainingBuilder().setIgnoredLabel(3);

        assertThat(digests(ignoring, 1, 2, 5)).hasSize(1).doesNotContainAnyElementsOf(digests(withBatchNorm(), 1));
        for (String statistic : new String[] {"batch-norm-1.running-mean", "batch-norm-1.running-variance"}) {
            assertThat(trained(ignoring, statistic)).as(statistic).containsExactly(trained(withBatchNorm(), statistic));
        }
    }

    private static float[] trained(JobSpec.Builder spec, String tensor) throws Exception {
        SmallJob job = new SmallJob(spec.build());
        try (MemoryShards shards = job.shards(0.2f, true)) {
            job.startAll(shards, 1, 0, 1).getFirst().finished.get();
            return shards.elements(tensor);
        }
    }

    @Test
    void theLossIsThatOfTheJobAndIsNotSmoothedWhereItIsMeasured() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().setLabelSmoothing(0.1).setIgnoredLabel(-100);

        PreparedJob prepared = prepared(spec);

        assertThat(prepared.objective()).isEqualTo(new Objective(Task.CROSS_ENTROPY, 0.1f, OptionalInt.of(-100)));
        assertThat(loss(prepared.trainingGraph(2)).smoothing()).isEqualTo(0.1f);
        assertThat(loss(prepared.evaluationGraph(2)).smoothing()).isEqualTo(0f);
        assertThat(loss(prepared.evaluationGraph(2)).ignored()).hasValue(-100);
    }

    @Test
    void binaryCrossEntropyComparesWithOneForTheClassAndLearns() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().setLoss(Loss.LOSS_BINARY_CROSS_ENTROPY).setEpochs(30);
        SmallJob job = new SmallJob(spec.build());
        try (MemoryShards shards = job.shards(2f, true)) {
            RecordedReports reports = job.startAll(shards, 1, 0, 1).getFirst();
            WorkerFinished finished = reports.finished.get();

            // At first every class is as likely as not: ln 2.
            assertThat(reports.epochs.getFirst().getTraining().getLossSum() / 164)
                    .isBetween(0.25, 0.7);
            assertThat(reports.epochs.getLast().getTraining().getLossSum() / 164)
                    .isLessThan(0.2);
            assertThat(finished.getTest().getCorrect()).isGreaterThan(30);
        }
    }

    private static LossOp.CrossEntropy loss(Graph graph) {
        return graph.instructions().stream()
                .map(Instruction::op)
                .filter(LossOp.CrossEntropy.class::isInstance)
                .map(LossOp.CrossEntropy.class::cast)
                .findFirst()
                .orElseThrow();
    }

    private static PreparedJob prepared(JobSpec.Builder spec) throws Exception {
        SmallJob job = new SmallJob(spec.build());
        return job.surroundings.data().prepare("job-1", job.spec, SmallJob.SLICES);
    }

    /** In images, so that no slice has one value a channel. */
    private static JobSpec.Builder withBatchNorm() {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getModelBuilder().clearPreset().clearHidden();
        spec.getModelBuilder()
                .addLayersBuilder()
                .getReshapeBuilder()
                .addShape(1)
                .addShape(28)
                .addShape(28);
        spec.getModelBuilder().addLayersBuilder().getBatchNormBuilder();
        spec.getModelBuilder().addLayersBuilder().getFlattenBuilder();
        spec.getModelBuilder().addLayersBuilder().getDenseBuilder().setUnits(10);
        return spec;
    }

    private static JobSpec.Builder withDropout(double rate) {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getModelBuilder().clearPreset().clearHidden();
        spec.getModelBuilder().addLayersBuilder().getFlattenBuilder();
        spec.getModelBuilder().addLayersBuilder().getDenseBuilder().setUnits(12);
        spec.getModelBuilder().addLayersBuilder().getReluBuilder();
        spec.getModelBuilder().addLayersBuilder().getDropoutBuilder().setRate(rate);
        spec.getModelBuilder().addLayersBuilder().getDenseBuilder().setUnits(10);
        return spec;
    }

    private static Set<String> digests(JobSpec.Builder spec, int... workerCounts) throws Exception {
        SmallJob job = new SmallJob(spec.build());
        Set<String> digests = new HashSet<>();
        for (int workers : workerCounts) {
            try (MemoryShards shards = job.shards(0.2f, true)) {
                for (RecordedReports reports : job.startAll(shards, 1, 0, workers)) {
                    digests.add(reports.finished.get().getParametersSha256());
                }
            }
        }
        return digests;
    }
}
