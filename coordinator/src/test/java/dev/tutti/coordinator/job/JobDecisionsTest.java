package dev.tutti.coordinator.job;

import static dev.tutti.coordinator.job.Specs.TOTAL_STEPS;
import static dev.tutti.proto.v1.JobState.JOB_STATE_CANCELLED;
import static dev.tutti.proto.v1.JobState.JOB_STATE_FAILED;
import static dev.tutti.proto.v1.JobState.JOB_STATE_PLANNING;
import static dev.tutti.proto.v1.JobState.JOB_STATE_QUEUED;
import static dev.tutti.proto.v1.JobState.JOB_STATE_RUNNING;
import static dev.tutti.proto.v1.JobState.JOB_STATE_STARTING;
import static dev.tutti.proto.v1.JobState.JOB_STATE_STOPPED;
import static dev.tutti.proto.v1.JobState.JOB_STATE_STOPPING;
import static dev.tutti.proto.v1.JobState.JOB_STATE_SUCCEEDED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.JobResult;
import dev.tutti.proto.v1.OpenShard;
import dev.tutti.proto.v1.StartGeneration;
import org.junit.jupiter.api.Test;

class JobDecisionsTest {
    private final Rehearsal full = Rehearsal.withMembers("ps-a", "ps-b", "w-a", "w-b");

    @Test
    void submittedJobWaitsForAWorkerToLookAtIt() {
        Rehearsal rehearsal = new Rehearsal().submit(Specs.synchronous(1, 2));
        assertThat(rehearsal.jobState()).isEqualTo(JOB_STATE_PLANNING);
        assertThat(rehearsal.reason()).isEqualTo("waits for a worker to look at data and model");
        rehearsal.join(Specs.worker("w-a"));
        assertThat(rehearsal.toWorkers())
                .singleElement()
                .satisfies(sent -> assertThat(sent.message().hasInspect()).isTrue());
    }

    @Test
    void anotherWorkerLooksIfTheFirstIsLost() {
        full.submit(Specs.synchronous(1, 2)).lose("w-a");
        assertThat(full.toWorkers())
                .singleElement()
                .satisfies(sent -> assertThat(sent.worker()).isEqualTo("w-b"));
    }

    @Test
    void jobThatCannotRunFailsWithTheWorkersSentence() {
        full.submit(Specs.synchronous(1, 2))
                .on(at -> new Event.Inspected(
                        at,
                        JobInspected.newBuilder()
                                .setJob(Rehearsal.JOB)
                                .setError("mnist/train-images is missing")
                                .build()));
        assertThat(full.jobState()).isEqualTo(JOB_STATE_FAILED);
        assertThat(full.reason()).isEqualTo("mnist/train-images is missing");
    }

    @Test
    void plannedJobSaysWhatItWaitsFor() {
        Rehearsal rehearsal = Rehearsal.withMembers("ps-a", "w-a")
                .join(Specs.worker("w-x", "reference"))
                .submit(Specs.synchronous(2, 3))
                .planned();
        assertThat(rehearsal.jobState()).isEqualTo(JOB_STATE_QUEUED);
        assertThat(rehearsal.reason())
                .isEqualTo(
                        "waits for 2 workers (free: 1, and 1 with other numerics) and 2 parameter servers (free: 1)");
    }

    @Test
    void shardsOpenBeforeWorkersStart() {
        full.submit(Specs.synchronous(1, 2)).planned();
        assertThat(full.jobState()).isEqualTo(JOB_STATE_STARTING);
        assertThat(full.opens()).extracting(OpenShard::getShard).containsExactly(0, 1);
        assertThat(full.opens()).extracting(OpenShard::getGeneration).containsOnly(1L);
        full.opened(1, 0, 0);
        assertThat(full.starts()).isEmpty();
        full.opened(1, 1, 0);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_RUNNING);
        assertThat(full.starts())
                .extracting(StartGeneration::getSliceBegin, StartGeneration::getSliceEnd)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(0, 2), org.assertj.core.groups.Tuple.tuple(2, 4));
    }

    @Test
    void secondJobWaitsForTheFirstAndStartsWhenItEnds() {
        full.running(Specs.synchronous(1, 2))
                .submit("second", Specs.synchronous(1, 2))
                .planned("second");
        full.submit("third", Specs.synchronous(1, 1)).planned("third");
        assertThat(JobView.of(full.state.job("third").orElseThrow()).getReason())
                .isEqualTo("waits for job second, which was submitted earlier");
        full.cancel();
        assertThat(full.state.job("second").orElseThrow().state()).isEqualTo(JOB_STATE_STARTING);
        assertThat(full.state.job("third").orElseThrow().state()).isEqualTo(JOB_STATE_QUEUED);
    }

    @Test
    void lostWorkerStartsNextGenerationAtTheLowestCompleteStep() {
        full.running(Specs.synchronous(1, 2)).lose("w-a");
        assertThat(full.jobState()).isEqualTo(JOB_STATE_STARTING);
        full.opened(2, 0, 8).opened(2, 1, 7);
        assertThat(full.starts()).singleElement().satisfies(start -> {
            assertThat(start.getStartStep()).isEqualTo(7);
            assertThat(start.getSliceBegin()).isZero();
            assertThat(start.getSliceEnd()).isEqualTo(4);
        });
    }

    @Test
    void jobWithTooFewWorkersWaitsAndGoesOnWithANewOne() {
        full.running(Specs.synchronous(2, 2)).lose("w-a");
        assertThat(full.reason()).isEqualTo("waits for 2 workers to go on; there is 1");
        full.join(Specs.worker("w-x", "reference"));
        assertThat(full.opens()).isEmpty();
        full.join(Specs.worker("w-c"));
        assertThat(full.opens()).hasSize(2);
        assertThat(full.training().team().workers()).containsExactly("w-b", "w-c");
    }

    @Test
    void workerLostWhileShardsOpenIsLeftOut() {
        full.submit(Specs.synchronous(1, 2)).planned().lose("w-a").allOpened(0);
        assertThat(full.starts()).hasSize(1);
        assertThat(full.generation()).isEqualTo(1);
    }

    @Test
    void lostParameterServerFailsTheJobAndFreesTheOthers() {
        full.running(Specs.synchronous(1, 2)).lose("ps-a");
        assertThat(full.jobState()).isEqualTo(JOB_STATE_FAILED);
        assertThat(full.reason()).isEqualTo("Parameter server ps-a was lost; there is no checkpoint yet");
        assertThat(full.released()).containsExactly("ps-b", "w-a", "w-b");
    }

    @Test
    void reportsOfAnOlderGenerationChangeNothing() {
        full.running(Specs.synchronous(1, 2));
        full.lose("w-a").allOpened(3);
        ClusterState before = full.state;
        full.broken("w-b", 1, false, "loss is NaN");
        assertThat(full.ignored()).isTrue();
        assertThat(full.state).isEqualTo(before);
    }

    @Test
    void failureOfAWorkerThatIsNotTransientFailsTheJob() {
        full.running(Specs.synchronous(1, 2))
                .broken("w-b", 1, false, "loss is NaN at step 17: first non-finite tensor is dense-2.weight");
        assertThat(full.jobState()).isEqualTo(JOB_STATE_FAILED);
        assertThat(full.reason()).contains("dense-2.weight");
    }

    @Test
    void cutOffWorkerTakesPartInTheNextGeneration() {
        full.running(Specs.synchronous(2, 2)).broken("w-b", 1, true, "the connection was lost");
        full.allOpened(5);
        assertThat(full.starts()).hasSize(2);
    }

    @Test
    void jobThatOnlyBreaksOffFailsInTheEnd() {
        full.running(Specs.synchronous(2, 2));
        for (int i = 0; i < Training.Futility.LIMIT; i++) {
            full.broken("w-b", full.generation(), true, "the connection was lost")
                    .allOpened(5);
        }
        assertThat(full.jobState()).isEqualTo(JOB_STATE_RUNNING);
        full.broken("w-b", full.generation(), true, "the connection was lost");
        full.allOpened(5).broken("w-b", full.generation(), true, "the connection was lost");
        assertThat(full.jobState()).isEqualTo(JOB_STATE_FAILED);
        assertThat(full.reason()).contains("the connection was lost");
    }

    @Test
    void epochIsCompleteWhenSharesCoverAllSlices() {
        full.running(Specs.synchronous(1, 2)).epoch("w-a", 0);
        assertThat(JobView.of(full.job()).getEpochsList()).isEmpty();
        full.epoch("w-a", 0);
        assertThat(full.ignored()).isTrue();
        full.epoch("w-b", 0);
        assertThat(JobView.of(full.job()).getEpochsList()).singleElement().satisfies(epoch -> {
            assertThat(epoch.getEpoch()).isEqualTo(1);
            assertThat(epoch.getTrainLoss()).isEqualTo(1);
            assertThat(epoch.getValidation().getAccuracy()).isEqualTo(0.8);
            assertThat(epoch.getValidation().getSamples()).isEqualTo(10);
        });
    }

    @Test
    void epochIsValidatedAgainIfItsWorkerWasLostBeforeItReported() {
        full.running(Specs.synchronous(1, 2)).epoch("w-a", 0).lose("w-b").allOpened(Specs.STEPS_PER_EPOCH);
        assertThat(full.starts())
                .singleElement()
                .satisfies(start -> assertThat(start.getValidatedEpochs()).isZero());
        full.epoch("w-a", 0);
        assertThat(JobView.of(full.job()).getEpochs(0).getValidation().getSamples())
                .isEqualTo(5);
    }

    @Test
    void trainingLossIsThatOfTheWholeEpochHoweverManyWereLostInIt() {
        full.running(Specs.synchronous(1, 2)).lose("w-b").allOpened(7);
        full.epoch("w-a", 0, Specs.sums(49, -1, Specs.TRAIN_SAMPLES));
        assertThat(JobView.of(full.job()).getEpochs(0).getTrainLoss()).isEqualTo(0.5);
    }

    @Test
    void epochHasNoTrainingLossIfThatOfSomeSamplesIsNotKnown() {
        full.running(Specs.synchronous(1, 2)).lose("w-b").allOpened(7);
        full.epoch("w-a", 0, Specs.sums(49, -1, Specs.TRAIN_SAMPLES - 1));
        assertThat(JobView.of(full.job()).getEpochs(0).hasTrainLoss()).isFalse();
        assertThat(JobView.of(full.job()).getEpochs(0).hasValidation()).isTrue();
    }

    @Test
    void jobSucceedsOnceResultsEpochsAndTheLastCheckpointAreIn() {
        full.running(Specs.synchronous(1, 2));
        for (int epoch = 0; epoch < Specs.EPOCHS; epoch++) {
            full.epoch("w-a", epoch).epoch("w-b", epoch);
        }
        full.finished("w-a", "abc").finished("w-b", "abc").part(0, TOTAL_STEPS);
        full.lose("w-b").part(1, TOTAL_STEPS);
        assertThat(full.effects).anyMatch(Effect.CompleteCheckpoint.class::isInstance);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_RUNNING);
        full.manifest(TOTAL_STEPS);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_SUCCEEDED);
        assertThat(full.released()).containsExactly("ps-a", "ps-b", "w-a");
        JobResult result = JobView.of(full.job()).getResult();
        assertThat(result.getSteps()).isEqualTo(TOTAL_STEPS);
        assertThat(result.getSamples()).isEqualTo(2L * Specs.TRAIN_SAMPLES);
        assertThat(result.getTest().getAccuracy()).isEqualTo(0.8);
        assertThat(result.getTest().hasPerplexity()).isFalse();
        assertThat(result.getCheckpoint()).isEqualTo("/checkpoints/" + TOTAL_STEPS);
        assertThat(result.getParametersSha256()).isEqualTo("abc");
        assertThat(result.getTrainingSeconds()).isEqualTo(2);
        assertThat(result.getSkippedSteps()).as("over both workers").isEqualTo(2);
    }

    @Test
    void workersThatEndWithDifferentParametersFailTheJob() {
        full.running(Specs.synchronous(1, 2)).finished("w-a", "abc").finished("w-b", "def");
        assertThat(full.jobState()).isEqualTo(JOB_STATE_FAILED);
        assertThat(full.reason()).contains("w-a=abc", "w-b=def");
    }

    @Test
    void stoppedJobEndsWithACheckpointOfTheStepThatWasComplete() {
        full.running(Specs.synchronous(1, 2)).stop();
        assertThat(full.jobState()).isEqualTo(JOB_STATE_STOPPING);
        full.stopped("w-a", 13);
        assertThat(full.toServers())
                .hasSize(2)
                .allSatisfy(sent ->
                        assertThat(sent.message().getCheckpoint().getStep()).isEqualTo(13));
        full.checkpointed(13);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_STOPPED);
        assertThat(full.released()).containsExactly("ps-a", "ps-b", "w-a", "w-b");
    }

    @Test
    void whoeverIsLeftCompletesTheStepAWorkerWasLostInWhileStopping() {
        full.running(Specs.synchronous(2, 2)).stop().lose("w-a");
        full.allOpened(9);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_STOPPING);
        assertThat(full.starts()).singleElement().satisfies(start -> {
            assertThat(start.getStartStep()).isEqualTo(9);
            assertThat(start.getTotalSteps()).isEqualTo(10);
            assertThat(start.getSliceEnd()).isEqualTo(4);
        });
        full.ended("w-b", 10);
        assertThat(full.toServers())
                .hasSize(2)
                .allSatisfy(sent ->
                        assertThat(sent.message().getCheckpoint().getStep()).isEqualTo(10));
        full.checkpointed(10);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_STOPPED);
    }

    @Test
    void stoppingJobWithoutWorkersSavesWhatIsComplete() {
        full.running(Specs.synchronous(1, 2)).stop().lose("w-a").lose("w-b");
        full.allOpened(9).checkpointed(9);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_STOPPED);
    }

    @Test
    void jobStoppedBeforeItsFirstStepSavesNothing() {
        full.submit(Specs.synchronous(1, 2)).planned().stop().allOpened(0);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_STOPPED);
        assertThat(full.reason()).isEqualTo("Stopped before the first step");
    }

    @Test
    void shardsMayBeDrawnOnlyUntilAWorkerWasStarted() {
        full.submit(Specs.synchronous(2, 2)).planned();
        assertThat(full.opens()).extracting(OpenShard::getMayCreate).containsOnly(true);
        full.lose("w-a").join(Specs.worker("w-c"));
        assertThat(full.opens()).extracting(OpenShard::getMayCreate).containsOnly(true);
        full.allOpened(0).broken("w-c", full.generation(), true, "the connection was lost");
        assertThat(full.opens()).extracting(OpenShard::getMayCreate).containsExactly(false, false);
    }

    @Test
    void shardThatIsBehindWhatWasCompleteFailsTheJob() {
        full.running(Specs.synchronous(1, 2)).lose("w-a").allOpened(7);
        full.join(Specs.worker("w-c")).lose("w-b").opened(3, 0, 7).opened(3, 1, 0);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_FAILED);
        assertThat(full.reason())
                .isEqualTo(
                        "Parameter server ps-b lost parameters: shard 1 is at step 0 again, after step 7 was complete;"
                                + " there is no checkpoint yet");
    }

    @Test
    void failureOfAWorkerNobodyWaitsForDoesNotKeepAStopFromSaving() {
        full.running(Specs.synchronous(1, 2)).stop().stopped("w-a", 13);
        full.broken("w-b", full.generation(), false, "loss is NaN");
        assertThat(full.ignored()).isTrue();
        full.checkpointed(13);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_STOPPED);
    }

    @Test
    void startedGenerationsAreCountedWhereTheyAreDecided() {
        full.running(Specs.synchronous(1, 2));
        assertThat(full.effects).contains(new Effect.GenerationStarted(Rehearsal.JOB, 1));
    }

    @Test
    void cancelEndsAtOnceAndAnEndedJobRefusesMore() {
        full.running(Specs.synchronous(1, 2)).cancel();
        assertThat(full.jobState()).isEqualTo(JOB_STATE_CANCELLED);
        assertThat(full.released()).hasSize(4);
        assertThatThrownBy(full::stop)
                .isInstanceOf(RequestRefusedException.class)
                .hasMessageContaining("has already ended (cancelled)");
    }

    @Test
    void runningJobGoesOnAsTheNextGenerationOnceItsMembersAreBackAfterARestart() {
        full.running(Specs.synchronous(1, 2)).restart();
        assertThat(full.reason()).isEqualTo("waits for ps-a, ps-b, w-a, w-b to come back");
        full.join(Specs.worker("w-b")).join(Specs.server("ps-b")).join(Specs.server("ps-a"));
        assertThat(full.opens()).isEmpty();
        full.join(Specs.worker("w-a"));
        assertThat(full.opens()).hasSize(2);
        assertThat(full.generation()).isEqualTo(2);
        full.allOpened(11);
        assertThat(full.starts()).extracting(StartGeneration::getStartStep).containsExactly(11L, 11L);
    }

    @Test
    void freeWorkersAreWaitedForAfterARestartAsFarAsTheJobMayHaveMore() {
        full.running(Specs.synchronous(1, 2)).lose("w-b").allOpened(5);
        full.join(Specs.worker("w-c")).join(Specs.worker("w-d")).restart();
        full.join(Specs.worker("w-a")).join(Specs.server("ps-b")).join(Specs.server("ps-a"));
        assertThat(full.reason()).isEqualTo("waits for w-c to come back");
        full.join(Specs.worker("w-c"));
        assertThat(full.opens()).hasSize(2);
        assertThat(full.training().team().workers()).containsExactly("w-a", "w-c");
    }

    @Test
    void secondRestartWaitsForWhoeverTheFirstWaitedFor() {
        full.running(Specs.synchronous(1, 2)).lose("w-b").allOpened(5);
        full.join(Specs.worker("w-c")).restart().restart();
        full.join(Specs.worker("w-a")).join(Specs.server("ps-b")).join(Specs.server("ps-a"));
        assertThat(full.reason()).isEqualTo("waits for w-c to come back");
    }

    @Test
    void workerThatDoesNotComeBackIsDoneWithoutAfterAWhile() {
        full.running(Specs.synchronous(1, 2)).restart();
        full.join(Specs.worker("w-b")).join(Specs.server("ps-b")).join(Specs.server("ps-a"));
        full.on(Event.RejoinExpired::new);
        assertThat(full.opens()).hasSize(2);
        assertThat(full.training().team().workers()).containsExactly("w-b");
    }

    @Test
    void parameterServerThatDoesNotComeBackFailsTheJob() {
        full.running(Specs.synchronous(1, 2)).restart().join(Specs.server("ps-b"));
        full.on(Event.RejoinExpired::new);
        assertThat(full.jobState()).isEqualTo(JOB_STATE_FAILED);
        assertThat(full.reason()).startsWith("Parameter server ps-a did not come back");
    }

    @Test
    void memberThatMissedTheEndOfItsJobIsReleasedWhenItComesBack() {
        full.running(Specs.synchronous(1, 2)).cancel().restart().join(Specs.worker("w-a"));
        assertThat(full.released()).containsExactly("w-a");
    }
}
