package dev.tutti.coordinator.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.Lease;
import dev.tutti.proto.v1.LeaseAnswer;
import org.junit.jupiter.api.Test;

class LeasingTest {
    private final Rehearsal cluster =
            Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b").running(Specs.asynchronous(1, 2));

    private Lease leased(String worker) {
        LeaseAnswer answer = cluster.answerTo(worker);
        assertThat(answer.hasLease()).as("%s", answer).isTrue();
        return answer.getLease();
    }

    private static Lease lease(int epoch, int first, int batches, int attempt) {
        return Lease.newBuilder()
                .setEpoch(epoch)
                .setFirstBatch(first)
                .setBatches(batches)
                .setAttempt(attempt)
                .build();
    }

    /** One worker alone does everything of an epoch that is left. */
    private void runEpochWith(String worker) {
        Lease next = leased(worker);
        while (true) {
            cluster.asks(worker, next);
            if (!cluster.answerTo(worker).hasLease()) {
                return;
            }
            next = leased(worker);
        }
    }

    @Test
    void workersShareTheBatchesOfAnEpoch() {
        cluster.asks("w-a");
        assertThat(leased("w-a")).isEqualTo(lease(0, 0, 10, 1));
        cluster.asks("w-b");
        assertThat(leased("w-b")).isEqualTo(lease(0, 10, 10, 1));
        cluster.asks("w-a", lease(0, 0, 10, 1));
        assertThat(leased("w-a")).isEqualTo(lease(0, 20, 5, 1));
    }

    @Test
    void workerHoldsWhileTheOtherStillWorksOnTheEpoch() {
        cluster.asks("w-a").asks("w-b").asks("w-a", lease(0, 0, 10, 1)).asks("w-a", lease(0, 20, 5, 1));
        assertThat(cluster.answerTo("w-a").hasHold()).isTrue();
        cluster.asks("w-b", lease(0, 10, 10, 1));
        assertThat(cluster.answerTo("w-a").hasValidate()).isTrue();
        assertThat(cluster.answerTo("w-b").hasValidate()).isTrue();
    }

    @Test
    void nextEpochWaitsForValidationAndCheckpoint() {
        cluster.asks("w-a");
        runEpochWith("w-a");
        assertThat(cluster.answerTo("w-a").hasValidate()).isTrue();
        assertThat(cluster.toServers())
                .hasSize(2)
                .allSatisfy(sent ->
                        assertThat(sent.message().getCheckpoint().getStep()).isEqualTo(Specs.STEPS_PER_EPOCH));
        cluster.asks("w-b");
        assertThat(cluster.answerTo("w-b").hasValidate()).isTrue();
        cluster.epoch("w-a", 0).asks("w-a");
        assertThat(cluster.answerTo("w-a").hasHold()).isTrue();
        cluster.epoch("w-b", 0).checkpointed(Specs.STEPS_PER_EPOCH);
        assertThat(leased("w-a")).isEqualTo(lease(1, 0, 10, 1));
    }

    @Test
    void leaseOfALostWorkerIsLeasedAgainWithTheNextAttempt() {
        cluster.asks("w-a").asks("w-b").lose("w-a").allOpened(0).asks("w-b");
        assertThat(leased("w-b")).isEqualTo(lease(0, 0, 10, 2));
        cluster.asks("w-b", lease(0, 0, 10, 2));
        assertThat(leased("w-b")).isEqualTo(lease(0, 10, 10, 2));
        cluster.asks("w-b", lease(0, 10, 10, 2));
        assertThat(leased("w-b")).isEqualTo(lease(0, 20, 5, 1));
    }

    @Test
    void leaseReportedTwiceIsDoneOnceAndTheNextIsSentAgain() {
        cluster.asks("w-a").asks("w-a", lease(0, 0, 10, 1));
        Lease next = leased("w-a");
        cluster.asks("w-a", lease(0, 0, 10, 1));
        assertThat(leased("w-a")).isEqualTo(next);
        assertThat(cluster.training().leases().orElseThrow().doneBatches()).isEqualTo(10);
    }

    @Test
    void workerWhoseFirstAnswerWasLostGetsItAgain() {
        cluster.asks("w-a").asks("w-a");
        assertThat(leased("w-a")).isEqualTo(lease(0, 0, 10, 1));
    }

    @Test
    void workerThatReportsALeaseItNeverHadIsNotAnswered() {
        cluster.asks("w-a").asks("w-a", lease(0, 10, 10, 1));
        assertThat(cluster.ignored()).isTrue();
    }

    @Test
    void workerOnHoldThatAsksAgainIsHeldAgain() {
        cluster.asks("w-a").asks("w-b").asks("w-a", lease(0, 0, 10, 1)).asks("w-a", lease(0, 20, 5, 1));
        ClusterState before = cluster.state;
        int journaled = cluster.journal.size();
        cluster.asks("w-a", lease(0, 20, 5, 1));
        assertThat(cluster.answerTo("w-a").hasHold()).isTrue();
        assertThat(cluster.state).isEqualTo(before);
        assertThat(cluster.journal).hasSize(journaled);
    }

    @Test
    void workerThatMissedThatItShouldValidateIsToldAgain() {
        cluster.asks("w-a");
        runEpochWith("w-a");
        cluster.asks("w-a", lease(0, 20, 5, 1));
        assertThat(cluster.answerTo("w-a").hasValidate()).isTrue();
        cluster.epoch("w-a", 0).asks("w-a");
        assertThat(cluster.answerTo("w-a").hasHold()).isTrue();
    }

    @Test
    void stopSavesTheStepWhoseCheckpointWasGivenUp() {
        cluster.asks("w-a");
        runEpochWith("w-a");
        cluster.checkpointLost(Specs.STEPS_PER_EPOCH).stop().stopped("w-a", 25).stopped("w-b", 25);
        assertThat(cluster.toServers())
                .extracting(sent -> sent.message().getCheckpoint().getStep())
                .containsExactly((long) Specs.STEPS_PER_EPOCH, (long) Specs.STEPS_PER_EPOCH);
        cluster.checkpointed(Specs.STEPS_PER_EPOCH);
        assertThat(cluster.jobState()).isEqualTo(JobState.JOB_STATE_STOPPED);
    }

    @Test
    void lostCheckpointOfAnEpochDoesNotHoldUpTheNext() {
        cluster.asks("w-a");
        runEpochWith("w-a");
        cluster.asks("w-b").epoch("w-a", 0).asks("w-a").epoch("w-b", 0);
        cluster.checkpointLost(Specs.STEPS_PER_EPOCH);
        assertThat(leased("w-a")).isEqualTo(lease(1, 0, 10, 1));
    }

    @Test
    void workersFinishAfterTheLastEpoch() {
        for (int epoch = 0; epoch < Specs.EPOCHS; epoch++) {
            if (epoch == 0) {
                cluster.asks("w-a");
            }
            runEpochWith("w-a");
            cluster.asks("w-b").epoch("w-a", epoch).epoch("w-b", epoch);
            cluster.checkpointed((epoch + 1L) * Specs.STEPS_PER_EPOCH).asks("w-a");
        }
        assertThat(cluster.answerTo("w-a").hasFinish()).isTrue();
        cluster.asks("w-b");
        assertThat(cluster.answerTo("w-b").hasFinish()).isTrue();
        cluster.finished("w-a", "abc").finished("w-b", "abc");
        assertThat(cluster.jobState()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
    }

    @Test
    void stopSavesOnceEveryWorkerHasStopped() {
        cluster.asks("w-a").asks("w-b").stop().stopped("w-a", 3);
        assertThat(cluster.toServers()).isEmpty();
        cluster.stopped("w-b", 4);
        assertThat(cluster.toServers())
                .hasSize(2)
                .allSatisfy(sent ->
                        assertThat(sent.message().getCheckpoint().getStep()).isEqualTo(20));
        cluster.checkpointed(20);
        assertThat(cluster.jobState()).isEqualTo(JobState.JOB_STATE_STOPPED);
    }

    @Test
    void workerLostWhileStoppingIsNotWaitedFor() {
        cluster.asks("w-a").asks("w-b").stop().stopped("w-a", 3).lose("w-b");
        cluster.checkpointed(20);
        assertThat(cluster.jobState()).isEqualTo(JobState.JOB_STATE_STOPPED);
    }
}
