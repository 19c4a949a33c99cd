package dev.tutti.coordinator.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A job's whole life, many times over, with workers lost and coordinators restarted at any moment. The seed is in the message. */
class JobSimulationTest {
    private static final int SEEDS = 400;
    private static final int MOST_STEPS = 20_000;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void jobSucceedsWhateverHappensToItsWorkersAndCoordinators(boolean asynchronous) {
        for (long seed = 0; seed < SEEDS; seed++) {
            SimulatedCluster cluster = simulate(seed, asynchronous, false);
            JobRecord job = cluster.state.job(SimulatedCluster.JOB).orElseThrow();
            assertThat(job.state())
                    .as(
                            "seed %s, async %s: %s %s",
                            seed, asynchronous, JobView.of(job).getReason(), job.phase())
                    .isEqualTo(JobState.JOB_STATE_SUCCEEDED);
            Job view = JobView.of(job);
            assertThat(view.getEpochsList())
                    .as("seed %s", seed)
                    .hasSize(Specs.EPOCHS)
                    .allSatisfy(epoch ->
                            assertThat(epoch.getValidation().getSamples()).isEqualTo(10));
            if (asynchronous) {
                assertThat(cluster.shards.appliedInAll)
                        .as("seed %s: every (epoch, batch) once", seed)
                        .isEqualTo(Specs.TOTAL_STEPS);
            } else {
                assertThat(view.getEpochsList())
                        .as("seed %s", seed)
                        .allSatisfy(epoch -> assertThat(epoch.getTrainLoss()).isEqualTo(epoch.getEpoch() - 0.5));
                assertThat(cluster.shards.completeStep).isEqualTo(Specs.TOTAL_STEPS);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void jobAskedToStopEndsWhateverHappens(boolean asynchronous) {
        for (long seed = 0; seed < SEEDS; seed++) {
            SimulatedCluster cluster = simulate(seed, asynchronous, true);
            JobRecord job = cluster.state.job(SimulatedCluster.JOB).orElseThrow();
            assertThat(job.state())
                    .as("seed %s, async %s: %s", seed, asynchronous, job.phase())
                    .isIn(JobState.JOB_STATE_STOPPED, JobState.JOB_STATE_SUCCEEDED);
        }
    }

    private static SimulatedCluster simulate(long seed, boolean asynchronous, boolean stop) {
        JobSpec spec = asynchronous ? Specs.asynchronous(1, 3) : Specs.synchronous(1, 3);
        SimulatedCluster cluster = new SimulatedCluster(seed, spec);
        int stopAt = stop ? cluster.random.nextInt(400) : MOST_STEPS;
        try {
            for (int step = 0; step < MOST_STEPS; step++) {
                boolean active = cluster.state.active().containsKey(SimulatedCluster.JOB);
                if (active && step == stopAt) {
                    cluster.happened(at -> new Event.StopAsked(at, SimulatedCluster.JOB));
                }
                int chance = cluster.random.nextInt(200);
                if (chance == 0) {
                    cluster.killWorker();
                } else if (chance == 1 || cluster.workers.isEmpty()) {
                    cluster.addWorker();
                } else if (chance == 2 && active) {
                    cluster.restartCoordinator();
                } else if (!cluster.step() && !active) {
                    break;
                }
            }
            return cluster;
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "seed " + seed + ", asynchronous " + asynchronous + ", stop " + stop + ": " + e.getMessage(), e);
        }
    }
}
