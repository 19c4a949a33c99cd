package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerFailed;
import dev.tutti.proto.v1.WorkerFinished;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SynchronousTrainingTest {
    @Test
    void oneTwoOrThreeWorkersEndWithTheSameBits() throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build());
        List<String> digests = new ArrayList<>();
        for (int workers : new int[] {1, 2, 3, 5}) {
            try (MemoryShards shards = job.shards(0.2f, true)) {
                for (RecordedReports reports : job.startAll(shards, 1, 0, workers)) {
                    WorkerFinished finished = reports.finished.get();
                    assertThat(finished.getStep()).isEqualTo(job.totalSteps).isEqualTo(12);
                    digests.add(finished.getParametersSha256());
                }
            }
        }
        assertThat(digests).hasSize(11).allMatch(digest -> digest.matches("[0-9a-f]{64}"));
        assertThat(digests).containsOnly(digests.getFirst());
    }

    @Test
    void eachStepTellsHowLongItWaitedForShards() throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build());
        try (MemoryShards shards = job.shards(0.2f, true)) {
            for (RecordedReports reports : job.startAll(shards, 1, 0, 2)) {
                reports.finished.get();
            }
            assertThat(job.exposures()).isEqualTo(2 * job.totalSteps);
        }
    }

    @Test
    void everySampleIsCountedOnceWhateverTheShares() throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build());
        List<Sums> validations = new ArrayList<>();
        for (int workers : new int[] {1, 3}) {
            try (MemoryShards shards = job.shards(0.2f, true)) {
                List<RecordedReports> all = job.startAll(shards, 1, 0, workers);
                for (RecordedReports reports : all) {
                    reports.finished.get();
                }
                for (int epoch = 0; epoch < 2; epoch++) {
                    assertThat(labels(all, epoch, EpochPart::getTraining)).isEqualTo(164);
                    assertThat(labels(all, epoch, EpochPart::getValidation)).isEqualTo(36);
                }
                assertThat(all.stream()
                                .flatMap(r -> r.progress.stream())
                                .mapToLong(p -> p.getTraining().getSamples())
                                .sum())
                        .isEqualTo(2 * 164);
                long tested = 0;
                for (RecordedReports reports : all) {
                    tested += reports.finished.get().getTest().getSamples();
                }
                assertThat(tested).isEqualTo(60);
                validations.add(all.stream()
                        .flatMap(reports -> reports.epochs.stream())
                        .filter(part -> part.getEpoch() == 1)
                        .map(EpochPart::getValidation)
                        .reduce(Sums.getDefaultInstance(), SynchronousTrainingTest::plus));
            }
        }
        assertThat(validations.get(1).getCorrect()).isEqualTo(validations.get(0).getCorrect());
        assertThat(validations.get(1).getLossSum())
                .isCloseTo(validations.get(0).getLossSum(), org.assertj.core.data.Offset.offset(1e-3));
    }

    @Test
    void trainingLowersTheLoss() throws Exception {
        SmallJob job = new SmallJob(withEpochs(40));
        try (MemoryShards shards = job.shards(0.3f, true)) {
            RecordedReports reports = job.startAll(shards, 1, 0, 1).getFirst();
            reports.finished.get();

            double first = meanLoss(reports.epochs.getFirst().getTraining());
            double last = meanLoss(reports.epochs.getLast().getTraining());
            assertThat(first).isBetween(1.5, 3.0);
            assertThat(last).isLessThan(first / 2);
        }
    }

    @Test
    void aGenerationThatStartsLaterAndWithOtherWorkersEndsWithTheSameBits() throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build());
        String undisturbed;
        try (MemoryShards shards = job.shards(0.2f, true)) {
            undisturbed =
                    job.startAll(shards, 1, 0, 1).getFirst().finished.get().getParametersSha256();
        }
        try (MemoryShards shards = job.shards(0.2f, true)) {
            RecordedReports first = new RecordedReports();
            GenerationRun run = job.start(job.generation(shards, 1, 0, 0, 1), first);
            run.stopAfterStep();
            WorkerFinished stopped = first.finished.get();
            assertThat(stopped.getStopped()).isTrue();
            run.join();

            shards.fence(2);
            for (RecordedReports reports : job.startAll(shards, 2, shards.completeStep(), 2)) {
                assertThat(reports.finished.get().getParametersSha256()).isEqualTo(undisturbed);
            }
        }
    }

    @Test
    void anEpochsTrainingLossHasTheSameBitsHoweverOftenItWasHit() throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build());
        List<Sums> undisturbed;
        try (MemoryShards shards = job.shards(0.2f, true)) {
            undisturbed = training(job.startAll(shards, 1, 0, 1));
        }
        try (MemoryShards shards = job.shards(0.2f, true)) {
            RecordedReports first = new RecordedReports();
            first.onEpoch = _ -> shards.fence(2);
            job.start(job.generation(shards, 1, 0, 0, 1), first);
            assertThat(first.failed.get().getReason()).contains("serves generation 2");
            RecordedReports second = new RecordedReports();
            GenerationRun run = job.start(job.generation(shards, 2, shards.completeStep(), 0, 1), second);
            run.stopAfterStep();
            long stopped = second.finished.get().getStep();
            run.join();
            shards.fence(3);

            List<Sums> last = training(job.startAll(shards, 3, stopped, 3));

            assertThat(last).isNotEmpty().isSubsetOf(undisturbed);
            assertThat(last.getLast()).isEqualTo(undisturbed.getLast());
            assertThat(last.getLast().getLabels()).isEqualTo(164);
        }
    }

    /** Of each epoch, as the coordinator adds it up. */
    private static List<Sums> training(List<RecordedReports> all) throws Exception {
        for (RecordedReports reports : all) {
            reports.finished.get();
        }
        List<Sums> epochs = new ArrayList<>();
        for (int i = 0; i < all.getFirst().epochs.size(); i++) {
            int epoch = i;
            epochs.add(all.stream()
                    .map(reports -> reports.epochs.get(epoch).getTraining())
                    .reduce(Sums.getDefaultInstance(), SynchronousTrainingTest::plus)
                    .toBuilder()
                    .clearCorrect()
                    .build());
        }
        return epochs;
    }

    @Test
    void aLossThatIsNotFiniteNamesStepAndTensor() throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build());
        try (MemoryShards shards = job.shards(Float.POSITIVE_INFINITY, true)) {
            WorkerFailed failed =
                    job.startAll(shards, 1, 0, 1).getFirst().failed.get();

            assertThat(failed.getTransient()).isFalse();
            assertThat(failed.getReason())
                    .matches(
                            "loss is (NaN|-?Infinity) at step 2: first non-finite tensor is dense-\\d\\.(weight|bias)");
        }
    }

    @Test
    void aLostShardIsATransientFailureThatNamesIt() throws Exception {
        SmallJob job = new SmallJob(withEpochs(100_000));
        MemoryShards shards = job.shards(0.01f, true);
        RecordedReports reports = new RecordedReports();
        reports.onEpoch = _ -> shards.close();
        job.start(job.generation(shards, 1, 0, 0, 1), reports);

        WorkerFailed failed = reports.failed.get();

        assertThat(failed.getTransient()).isTrue();
        assertThat(failed.getReason()).contains("the connection to shard ", " at 127.0.0.1:", " was lost: ");
    }

    @Test
    void aNewerGenerationFencesAnOlderOneOff() throws Exception {
        SmallJob job = new SmallJob(withEpochs(100_000));
        try (MemoryShards shards = job.shards(0.01f, true)) {
            RecordedReports reports = new RecordedReports();
            reports.onEpoch = _ -> shards.fence(2);
            job.start(job.generation(shards, 1, 0, 0, 1), reports);

            assertThat(reports.failed.get().getReason()).contains("serves generation 2, not 1 any more");
        }
    }

    @Test
    void aWorkerThatWaitsForOthersCanBeCancelled() throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build());
        try (MemoryShards shards = job.shards(0.1f, true)) {
            RecordedReports reports = new RecordedReports();
            GenerationRun run = job.start(job.generation(shards, 1, 0, 0, 2), reports);
            run.cancel();
            run.join();

            assertThat(reports.finished).isNotDone();
            assertThat(reports.failed).isNotDone();
        }
    }

    @Test
    void anEpochWhoseValidationIsNotKnownIsValidatedWhenAGenerationStartsAtItsEnd() throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build());
        try (MemoryShards shards = job.shards(0.2f, true)) {
            job.startAll(shards, 1, 0, 1).getFirst().finished.get();
            shards.fence(2);

            RecordedReports reports = job.startAll(shards, 2, job.totalSteps, 1).getFirst();

            assertThat(reports.finished.get().getTest().getSamples()).isEqualTo(60);
            assertThat(reports.epochs).hasSize(1);
            assertThat(reports.epochs.getFirst().getEpoch()).isEqualTo(1);
            assertThat(reports.epochs.getFirst().getValidation().getSamples()).isEqualTo(36);
            assertThat(reports.epochs.getFirst().getTraining().getLabels()).isEqualTo(164);
        }
    }

    private static dev.tutti.proto.v1.JobSpec withEpochs(int epochs) {
        var spec = SmallJob.spec();
        spec.getTrainingBuilder().setEpochs(epochs);
        return spec.build();
    }

    private static long labels(List<RecordedReports> all, int epoch, Function<EpochPart, Sums> sums) {
        return all.stream()
                .flatMap(reports -> reports.epochs.stream())
                .filter(part -> part.getEpoch() == epoch)
                .mapToLong(part -> sums.apply(part).getLabels())
                .sum();
    }

    private static Sums plus(Sums a, Sums b) {
        return Sums.newBuilder()
                .setLossSum(a.getLossSum() + b.getLossSum())
                .setCorrect(a.getCorrect() + b.getCorrect())
                .setSamples(a.getSamples() + b.getSamples())
                .setLabels(a.getLabels() + b.getLabels())
                .build();
    }

    private static double meanLoss(Sums sums) {
        return sums.getLossSum() / sums.getLabels();
    }
}
