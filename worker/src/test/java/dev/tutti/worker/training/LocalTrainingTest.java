package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Sgd;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.proto.v1.WorkerProgress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rounds of four steps, so that an epoch of six batches has a round of four and one of two. The shards add the mean of the differences. */
@Timeout(120)
class LocalTrainingTest {
    private static final float ADD = 1;

    @Test
    void anyNumberOfWorkersEndsWithTheSameBits() throws Exception {
        SmallJob job = new SmallJob(local(4).build());
        List<String> digests = new ArrayList<>();
        for (int workers : new int[] {1, 2, 5}) {
            try (MemoryShards shards = job.shards(ADD, true)) {
                for (RecordedReports reports : job.startAll(shards, 1, 0, workers)) {
                    digests.add(reports.finished.get().getParametersSha256());
                }
                assertThat(shards.completeStep()).isEqualTo(4);
            }
        }
        assertThat(job.exposures()).isEqualTo(8 * 4);
        assertThat(digests).hasSize(8).containsOnly(digests.getFirst());
    }

    @Test
    void fragmentsDoNotDependOnTheNumberOfWorkersEither() throws Exception {
        List<String> digests = new ArrayList<>();
        for (int fragments : new int[] {3, 2}) {
            JobSpec.Builder spec = local(4);
            spec.getTrainingBuilder().getConsistencyBuilder().getLocalBuilder().setFragments(fragments);
            SmallJob job = new SmallJob(spec.build());
            for (int workers : new int[] {1, 2, 5}) {
                try (MemoryShards shards = job.shards(ADD, true)) {
                    List<RecordedReports> all = job.startAll(shards, 1, 0, workers);
                    for (RecordedReports reports : all) {
                        digests.add(reports.finished.get().getParametersSha256());
                    }
                    assertThat(shards.completeStep()).isEqualTo(4);
                    assertThat(all.getFirst().epochs)
                            .allMatch(part -> part.getTraining().getLabels() == 164);
                }
            }
        }
        assertThat(digests.subList(0, 8)).containsOnly(digests.getFirst());
        assertThat(digests.subList(8, 16)).containsOnly(digests.getLast());
        assertThat(digests.getFirst()).isNotEqualTo(digests.getLast());
    }

    @Test
    void everySampleIsTrainedOnOnceAnEpochAndCounted() throws Exception {
        SmallJob job = new SmallJob(local(4).build());
        try (MemoryShards shards = job.shards(ADD, true)) {
            RecordedReports reports = job.startAll(shards, 1, 0, 1).getFirst();
            WorkerFinished finished = reports.finished.get();

            assertThat(finished.getStep()).isEqualTo(4);
            assertThat(finished.getTest().getSamples()).isEqualTo(60);
            assertThat(reports.progress.stream()
                            .map(WorkerProgress::getTraining)
                            .mapToLong(sums -> sums.getSamples())
                            .sum())
                    .isEqualTo(2 * 164);
            assertThat(reports.epochs).hasSize(2).allSatisfy(part -> {
                assertThat(part.getTraining().getLabels()).isEqualTo(164);
                assertThat(part.getValidation().getSamples()).isEqualTo(36);
                assertThat(part.getStep()).isEqualTo(6L * (part.getEpoch() + 1));
            });
        }
    }

    /** Slices of as many rows each: the mean of one step of each is one step with the mean gradient. */
    @Test
    void roundsOfOneStepAreSynchronousSteps() throws Exception {
        float[] expected;
        SmallJob synchronous = new SmallJob(even(SmallJob.spec()).build());
        try (MemoryShards shards = synchronous.shards(0.2f, true)) {
            synchronous.startAll(shards, 1, 0, 1).getFirst().finished.get();
            expected = shards.elements("dense-1.weight");
        }
        JobSpec.Builder spec = even(local(1));
        spec.getTrainingBuilder().getOptimizerBuilder().setSgd(Sgd.newBuilder().setRate(0.2));
        SmallJob local = new SmallJob(spec.build());
        try (MemoryShards shards = local.shards(ADD, true)) {
            local.startAll(shards, 1, 0, 2).getFirst().finished.get();

            assertThat(shards.completeStep()).isEqualTo(12);
            assertThat(shards.elements("dense-1.weight"))
                    .usingComparatorWithPrecision(1e-4f)
                    .containsExactly(expected);
        }
    }

    @Test
    void aGenerationGoesOnAfterTheRoundsThatAreComplete() throws Exception {
        SmallJob job = new SmallJob(local(4).build());
        try (MemoryShards shards = job.shards(ADD, true)) {
            RecordedReports cutOff = new RecordedReports();
            GenerationRun first = job.start(job.generation(shards, 1, 0, 0, 2), cutOff);
            // Without the other worker the first round is never complete.
            first.cancel();
            first.join();
            shards.fence(2);
            for (RecordedReports reports : job.startAll(shards, 2, shards.completeStep(), 2)) {
                assertThat(reports.finished.get().getStep()).isEqualTo(4);
            }
            assertThat(shards.completeStep()).isEqualTo(4);
        }
    }

    @Test
    void halfPrecisionHasALossScaleForEachWorker() throws Exception {
        JobSpec.Builder spec = local(4);
        spec.getTrainingBuilder().setPrecision(Precision.PRECISION_F16);
        SmallJob job = new SmallJob(spec.build());
        try (MemoryShards shards = job.shards(ADD, true)) {
            RecordedReports reports = job.startAll(shards, 1, 0, 1).getFirst();
            reports.finished.get();

            assertThat(meanLoss(reports, 1)).isLessThan(meanLoss(reports, 0));
        }
    }

    private static double meanLoss(RecordedReports reports, int epoch) {
        var training = reports.epochs.get(epoch).getTraining();
        return training.getLossSum() / training.getLabels();
    }

    private static JobSpec.Builder local(int steps) {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().getConsistencyBuilder().getLocalBuilder().setSteps(steps);
        return spec;
    }

    /** 180 samples in batches of 30, six for each slice. */
    private static JobSpec.Builder even(JobSpec.Builder spec) {
        spec.getDataBuilder().getSplitBuilder().setValidation(0.1);
        spec.getTrainingBuilder().setBatch(30);
        return spec;
    }
}
