package dev.tutti.coordinator.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A job's whole life, many times over, with workers lost and coordinators restarted at any moment. The seed is in the message. */
class JobSimulationTest {
    private static final int SEEDS = 300;
    private static final int MOST_STEPS = 20_000;

    enum Kind {
        SYNCHRONOUS(Specs.synchronous(1, 3), false, Specs.TOTAL_STEPS),
        BACKUP_WORKER(Specs.withBackupWorker(2, 3), false, Specs.TOTAL_STEPS),
        LOCAL(Specs.local(1, 3), false, 2 * 7),
        ASYNCHRONOUS(Specs.asynchronous(1, 3), true, 0),
        BOUNDED_STALENESS(Specs.boundedStaleness(1, 3), true, 0);

        private final JobSpec spec;
        private final boolean leases;
        private final long steps;

        Kind(JobSpec spec, boolean leases, long steps) {
            this.spec = spec;
            this.leases = leases;
            this.steps = steps;
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void jobSucceedsWhateverHappensToItsWorkersAndCoordinators(Kind kind) {
        for (long seed = 0; seed < SEEDS; seed++) {
            SimulatedCluster cluster = simulate(seed, kind, false);
            JobRecord job = cluster.state.job(SimulatedCluster.JOB).orElseThrow();
            assertThat(job.state())
                    .as("seed %s, %s: %s %s", seed, kind, JobView.of(job).getReason(), job.phase())
                    .isEqualTo(JobState.JOB_STATE_SUCCEEDED);
            Job view = JobView.of(job);
            assertThat(view.getResult().getSteps()).isEqualTo(Specs.TOTAL_STEPS);
            assertThat(view.getProgress().getStep()).isEqualTo(Specs.TOTAL_STEPS);
            assertThat(view.getProgress().getSamples()).isEqualTo((long) Specs.EPOCHS * Specs.TRAIN_SAMPLES);
            assertThat(view.getEpochsList())
                    .as("seed %s", seed)
                    .hasSize(Specs.EPOCHS)
                    .allSatisfy(epoch ->
                            assertThat(epoch.getValidation().getSamples()).isEqualTo(10));
            if (kind.leases) {
                assertThat(cluster.shards.appliedInAll)
                        .as("seed %s: every (epoch, batch) once", seed)
                        .isEqualTo(Specs.TOTAL_STEPS);
            } else {
                assertThat(view.getEpochsList())
                        .as("seed %s", seed)
                        .allSatisfy(epoch -> assertThat(epoch.getTrainLoss()).isEqualTo(epoch.getEpoch() - 0.5));
                assertThat(cluster.shards.completeStep).isEqualTo(kind.steps);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void jobAskedToStopEndsWhateverHappens(Kind kind) {
        for (long seed = 0; seed < SEEDS; seed++) {
            SimulatedCluster cluster = simulate(seed, kind, true);
            JobRecord job = cluster.state.job(SimulatedCluster.JOB).orElseThrow();
            assertThat(job.state())
                    .as("seed %s, %s: %s", seed, kind, job.phase())
                    .isIn(JobState.JOB_STATE_STOPPED, JobState.JOB_STATE_SUCCEEDED);
        }
    }

    private static SimulatedCluster simulate(long seed, Kind kind, boolean stop) {
        SimulatedCluster cluster = new SimulatedCluster(seed, kind.spec);
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
            throw new AssertionError("seed " + seed + ", " + kind + ", stop " + stop + ": " + e.getMessage(), e);
        }
    }
}
