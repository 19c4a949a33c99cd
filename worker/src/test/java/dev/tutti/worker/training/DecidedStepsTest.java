package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Asynchronous;
import dev.tutti.proto.v1.Clip;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.LossScale;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.WorkerFailed;
import dev.tutti.proto.v1.WorkerFinished;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Jobs whose shards take a step together, seen from the workers. */
@Timeout(120)
class DecidedStepsTest {
    /** So large that the first steps overflow f16, until it has been halved a few times. */
    private static final double TOO_LARGE = 0x1p30;

    @Test
    void stepsThatOverflowAreSkippedWithTheSameBitsForAnyNumberOfWorkersAndShards() throws Exception {
        SmallJob job = new SmallJob(f16(TOO_LARGE));
        WorkerFinished alone = finished(job, 1, 1).getFirst();
        assertThat(alone.getSkippedSteps()).isBetween(1L, job.totalSteps - 2);
        for (int workers : new int[] {1, 2}) {
            for (int shards : new int[] {1, 3}) {
                List<WorkerFinished> all = finished(job, workers, shards);
                assertThat(all)
                        .extracting(WorkerFinished::getParametersSha256)
                        .containsOnly(alone.getParametersSha256());
                assertThat(all.stream()
                                .mapToLong(WorkerFinished::getSkippedSteps)
                                .sum())
                        .isEqualTo(alone.getSkippedSteps());
            }
        }
    }

    @Test
    void aScaleThatFitsChangesNothing() throws Exception {
        WorkerFinished small = finished(new SmallJob(f16(1024)), 1, 1).getFirst();
        WorkerFinished large = finished(new SmallJob(f16(4096)), 1, 1).getFirst();
        assertThat(small.getSkippedSteps()).isZero();
        assertThat(large.getSkippedSteps()).isZero();
        assertThat(large.getTest().getLossSum() / small.getTest().getLossSum()).isBetween(0.98, 1.02);
    }

    @Test
    void aClippedJobHasTheSameBitsForAnyNumberOfWorkersAndShards() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().setClip(Clip.newBuilder().setNorm(0.1));
        SmallJob job = new SmallJob(spec.build());
        String alone = finished(job, 1, 1).getFirst().getParametersSha256();
        String free;
        try (MemoryShards shards = job.shards(0.2f, true)) {
            free = new SmallJob(SmallJob.spec().build())
                    .startAll(shards, 1, 0, 1)
                    .getFirst()
                    .finished
                    .get()
                    .getParametersSha256();
        }
        assertThat(alone).isNotEqualTo(free);
        for (int workers : new int[] {2, 3}) {
            assertThat(finished(job, workers, 3))
                    .extracting(WorkerFinished::getParametersSha256)
                    .containsOnly(alone);
        }
    }

    @Test
    void aGenerationThatEndsBetweenTwoShardsDecisionsIsTakenUpWithTheSameBits() throws Exception {
        SmallJob job = new SmallJob(f16(TOO_LARGE));
        WorkerFinished undisturbed = finished(job, 1, 1).getFirst();
        for (long lostStep = 1; lostStep <= 8; lostStep++) {
            takeUp(job, undisturbed, lostStep, _ -> false);
        }
    }

    /** One shard has taken the step; the other's vote on it, computed again, would clip it elsewhere. */
    @Test
    void whatOneShardHasTakenTheOtherTakesThoughItsVoteHasOtherBitsNow() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().setClip(Clip.newBuilder().setNorm(0.1));
        SmallJob job = new SmallJob(spec.build());
        takeUp(job, finished(job, 1, 1).getFirst(), 3, step -> step == 3);
    }

    /**
     * A worker is lost when it has told one of two shards what becomes of a step; others take the job up.
     *
     * @param otherBits steps that they sum with other bits
     */
    private static void takeUp(SmallJob job, WorkerFinished undisturbed, long lostStep, LongPredicate otherBits)
            throws Exception {
        try (MemoryShards shards = job.shards(0.2f, true)) {
            CompletableFuture<Void> lost = new CompletableFuture<>();
            MemoryBallots ballots = shards.deciding(job.spec.getTraining());
            ballots.heard = decision -> {
                boolean isLost = decision.getShard() == 1 && decision.getStep() == lostStep;
                if (isLost) {
                    lost.complete(null);
                }
                return !isLost;
            };
            GenerationRun run = job.start(job.generation(shards, 1, 0, 0, 1), new RecordedReports());
            lost.get();
            run.cancel();
            run.join();
            ballots.heard = _ -> true;
            ballots.otherBits = otherBits;
            shards.fence(2);
            assertThat(shards.completeStep()).isEqualTo(lostStep - 1);

            List<RecordedReports> all = job.startAll(shards, 2, lostStep - 1, 2);
            for (RecordedReports survivor : all) {
                assertThat(survivor.finished.get().getParametersSha256())
                        .as("step %d", lostStep)
                        .isEqualTo(undisturbed.getParametersSha256());
            }
            assertThat(all.getFirst().finished.get().getSkippedSteps()).isEqualTo(undisturbed.getSkippedSteps());
        }
    }

    @Test
    void aJobWhoseEveryStepOverflowsAtTheSmallestScaleFails() throws Exception {
        JobSpec.Builder spec = f16(4).toBuilder();
        spec.getTrainingBuilder().setEpochs(20);
        SmallJob job = new SmallJob(spec.build());
        try (MemoryShards shards = job.shards(0.2f, true)) {
            // A clean step in between, and the count begins again.
            shards.deciding(job.spec.getTraining()).overflows = step -> step != 10;
            WorkerFailed failed =
                    job.startAll(shards, 1, 0, 2).getFirst().failed.get();

            assertThat(failed.getTransient()).isFalse();
            assertThat(failed.getReason())
                    .isEqualTo("a gradient overflowed f16 in 100 steps in a row with the loss scale at 1, which is the"
                            + " smallest, at last at step 110: use the precision bf16 or f32, a smaller learning"
                            + " rate, or smaller inputs");
        }
    }

    @Test
    void anAsynchronousWorkerSkipsItsOverflowsItself() throws Exception {
        JobSpec.Builder spec = f16(TOO_LARGE).toBuilder();
        spec.getTrainingBuilder().getConsistencyBuilder().setAsynchronous(Asynchronous.getDefaultInstance());
        SmallJob job = new SmallJob(spec.build());
        try (MemoryShards shards = job.shards(0.2f, false)) {
            WorkerFinished finished = AsynchronousTrainingTest.trainAll(job, shards);
            assertThat(finished.getSkippedSteps()).isBetween(1L, job.totalSteps - 2);
            assertThat(shards.completeStep()).isEqualTo(job.totalSteps - finished.getSkippedSteps());
        }
    }

    private static List<WorkerFinished> finished(SmallJob job, int workers, int shardCount) throws Exception {
        try (MemoryShards shards = job.shards(0.2f, true, shardCount)) {
            shards.deciding(job.spec.getTraining());
            List<WorkerFinished> finished = new ArrayList<>();
            for (RecordedReports reports : job.startAll(shards, 1, 0, workers)) {
                finished.add(reports.finished.get());
            }
            return finished;
        }
    }

    private static JobSpec f16(double initial) {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder()
                .setPrecision(Precision.PRECISION_F16)
                .setLossScale(LossScale.newBuilder().setInitial(initial).setGrowthInterval(4));
        return spec.build();
    }
}
