package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tutti.proto.v1.Asynchronous;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.Finish;
import dev.tutti.proto.v1.Hold;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Lease;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.proto.v1.ValidateEpoch;
import dev.tutti.proto.v1.WorkerFinished;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class AsynchronousTrainingTest {
    @Test
    void leasesAreTrainedValidatedAndFinished() throws Exception {
        SmallJob job = new SmallJob(asynchronous());
        try (MemoryShards shards = job.shards(0.2f, false)) {
            List<LeaseAnswer> script =
                    List.of(lease(0, 0, 4), lease(0, 4, 2), validate(0), hold(), lease(1, 0, 6), validate(1), finish());
            Scripted worker = new Scripted(job, shards, script);

            WorkerFinished finished = worker.reports.finished.get();

            assertThat(finished.getStep()).isEqualTo(12);
            assertThat(finished.getTest().getSamples()).isEqualTo(60);
            assertThat(finished.getStopped()).isFalse();
            assertThat(shards.completeStep()).isEqualTo(12);
            assertThat(job.exposures()).isEqualTo(12);
            assertThat(worker.reports.epochs).hasSize(2);
            assertThat(worker.reports.epochs)
                    .allMatch(part -> part.getTraining().getSamples() == 164);
            assertThat(worker.reports.epochs)
                    .allMatch(part -> part.getValidation().getSamples() == 36);
        }
    }

    @Test
    void withABoundShardsKnowWhoHasALeaseAndHowFarItIs() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder()
                .getConsistencyBuilder()
                .getBoundedStalenessBuilder()
                .setClocks(1);
        SmallJob job = new SmallJob(spec.build());
        try (MemoryShards shards = job.shards(0.2f, false, 1)) {
            List<LeaseAnswer> script = List.of(lease(0, 0, 4), lease(0, 4, 2), validate(0), finish());
            new Scripted(job, shards, script).reports.finished.get();

            assertThat(shards.completeStep()).isEqualTo(6);
            assertThat(shards.clocks)
                    .extracting(Clock::getClock, Clock::getActive)
                    .containsExactly(tuple(0L, true), tuple(4L, false), tuple(4L, true), tuple(6L, false));
        }
    }

    @Test
    void aFinishedLeaseIsNamedWithTheNextRequest() throws Exception {
        SmallJob job = new SmallJob(asynchronous());
        try (MemoryShards shards = job.shards(0.2f, false)) {
            Scripted worker = new Scripted(job, shards, List.of(lease(0, 0, 2), validate(0), finish()));
            worker.reports.finished.get();

            assertThat(worker.requests).hasSize(3);
            assertThat(worker.requests.get(0).hasDone()).isFalse();
            assertThat(worker.requests.get(1).getDone())
                    .isEqualTo(lease(0, 0, 2).getLease());
            assertThat(worker.requests.get(2).hasDone()).isFalse();
        }
    }

    @Test
    void aWorkerOnHoldStopsWhenAskedTo() throws Exception {
        SmallJob job = new SmallJob(asynchronous());
        try (MemoryShards shards = job.shards(0.2f, false)) {
            Scripted worker = new Scripted(job, shards, List.of(lease(0, 0, 2), hold()));
            worker.exhausted.get();
            worker.run.get().stopAfterStep();

            WorkerFinished finished = worker.reports.finished.get();
            assertThat(finished.getStopped()).isTrue();
            assertThat(finished.getStep()).isEqualTo(2);
        }
    }

    @Test
    void twoWorkersApplyEveryBatchOnce() throws Exception {
        SmallJob job = new SmallJob(asynchronous());
        try (MemoryShards shards = job.shards(0.2f, false)) {
            Scripted one = new Scripted(job, shards, List.of(lease(0, 0, 3), finish()));
            Scripted two = new Scripted(job, shards, List.of(lease(0, 3, 3), finish()));
            one.reports.finished.get();
            two.reports.finished.get();

            assertThat(shards.completeStep()).isEqualTo(6);
        }
    }

    @Test
    void aRunThatIsCancelledBeforeItBeginsStillWaitsForTheOneBefore() throws Exception {
        SmallJob job = new SmallJob(asynchronous());
        try (MemoryShards shards = job.shards(0.2f, false)) {
            RecordedReports busy = new RecordedReports();
            CompletableFuture<Void> isBusy = new CompletableFuture<>();
            CompletableFuture<Void> release = new CompletableFuture<>();
            busy.onLease = _ -> {
                isBusy.complete(null);
                release.join();
            };
            GenerationRun first = job.start(job.generation(shards, 1, 0, 0, 1), busy);
            isBusy.get();
            GenerationRun second = GenerationRun.start(
                    job.generation(shards, 2, 0, 0, 1), job.surroundings, new RecordedReports(), Optional.of(first));
            first.cancel();
            second.cancel();

            CompletableFuture<Boolean> firstHadEnded = CompletableFuture.supplyAsync(() -> hasEnded(first, second));
            release.complete(null);
            assertThat(firstHadEnded.get()).isTrue();
        }
    }

    /** Both epochs of six batches. */
    static WorkerFinished trainAll(SmallJob job, MemoryShards shards) throws Exception {
        return new Scripted(job, shards, List.of(lease(0, 0, 6), lease(1, 0, 6), finish())).reports.finished.get();
    }

    private static boolean hasEnded(GenerationRun first, GenerationRun second) {
        try {
            second.join();
            return first.join(0);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A worker, and a coordinator that answers its requests from a script; a hold is followed by the next answer. */
    private static final class Scripted {
        final RecordedReports reports = new RecordedReports();
        final List<LeaseRequest> requests = new ArrayList<>();
        final CompletableFuture<Void> exhausted = new CompletableFuture<>();
        final CompletableFuture<GenerationRun> run = new CompletableFuture<>();

        Scripted(SmallJob job, MemoryShards shards, List<LeaseAnswer> script) {
            List<LeaseAnswer> answers = new ArrayList<>(script);
            reports.onLease = request -> {
                requests.add(request);
                LeaseAnswer answer;
                do {
                    answer = answers.removeFirst();
                    run.join().answer(answer);
                } while (answer.hasHold() && !answers.isEmpty());
                if (answers.isEmpty()) {
                    exhausted.complete(null);
                }
            };
            run.complete(job.start(job.generation(shards, 1, 0, 0, 1), reports));
        }
    }

    private static JobSpec asynchronous() {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().getConsistencyBuilder().setAsynchronous(Asynchronous.getDefaultInstance());
        return spec.build();
    }

    private static LeaseAnswer lease(int epoch, int first, int batches) {
        return answer().setLease(Lease.newBuilder()
                        .setEpoch(epoch)
                        .setFirstBatch(first)
                        .setBatches(batches)
                        .setAttempt(1))
                .build();
    }

    private static LeaseAnswer validate(int epoch) {
        return answer().setValidate(ValidateEpoch.newBuilder().setEpoch(epoch)).build();
    }

    private static LeaseAnswer hold() {
        return answer().setHold(Hold.getDefaultInstance()).build();
    }

    private static LeaseAnswer finish() {
        return answer().setFinish(Finish.getDefaultInstance()).build();
    }

    private static LeaseAnswer.Builder answer() {
        return LeaseAnswer.newBuilder().setJob("job-1").setGeneration(1);
    }
}
