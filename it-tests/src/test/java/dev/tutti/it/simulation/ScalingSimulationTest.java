package dev.tutti.it.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.tutti.it.simulation.Scenario.Computers;
import dev.tutti.it.simulation.Scenario.Wire;
import dev.tutti.proto.job.ConsistencyModel;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the simulation must show whatever its numbers are. Each run also checks that every gradient was applied, and once; see {@link SimulatedWorker}. */
class ScalingSimulationTest {
    private static final ConsistencyModel SYNCHRONOUS = new ConsistencyModel.Synchronous(0);
    private static final ConsistencyModel ASYNCHRONOUS = new ConsistencyModel.Asynchronous(false, Optional.empty());
    private static final ConsistencyModel LOCAL = new ConsistencyModel.Local(50, 1, 0.7, 0.9);
    private static final List<ConsistencyModel> MODELS =
            List.of(SYNCHRONOUS, ASYNCHRONOUS, new ConsistencyModel.BoundedStaleness(3), LOCAL);

    private static final Wire SLOW = Wire.of(10, 50);
    private static final int PARAMETERS = 4_000_000;
    private static final double PASS_SECONDS = 0.1;
    private static final Workload WORKLOAD = Workload.oneLayer(PARAMETERS, PASS_SECONDS);

    private static Computers withJitter(double jitter) {
        return new Computers(jitter, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, Cores.UNLIMITED);
    }

    private static Outcome run(ConsistencyModel model, int workers, int shards) {
        return Simulation.run(Scenario.of(WORKLOAD, model, workers, shards).with(SLOW));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8})
    void nobodyWaitsWhereNetworkAndShardsTakeNoTime(int workers) {
        for (ConsistencyModel model : MODELS) {
            Outcome outcome = Simulation.run(Scenario.of(Workload.resNet50(), model, workers, 3));
            assertThat(outcome.efficiency()).as(model.toString()).isEqualTo(1, within(1e-6));
        }
    }

    /** docs/scaling.md: C + 2·L + (4·P + the last chunk)·N / B. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8})
    void aSynchronousStepTakesWhatTheFormulaSays(int workers) {
        double passSeconds = 1;
        Workload workload = WORKLOAD.withSeconds(passSeconds);
        long bytes =
                4L * PARAMETERS + new Placement(workload, 1).chunks().getLast().byteSize();
        double seconds = passSeconds + 2 * SLOW.latencySeconds() + bytes * workers / SLOW.bytesPerSecond();

        Outcome outcome =
                Simulation.run(Scenario.of(workload, SYNCHRONOUS, workers, 1).with(SLOW));

        assertThat(outcome.stepSeconds()).isCloseTo(seconds, withPercentage(1));
        assertThat(outcome.efficiency()).isCloseTo(passSeconds / seconds, withPercentage(1));
    }

    /** docs/consistency.md: 8·P·N bytes a step; with so many slices that workers push one subtree each. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8})
    void asManyBytesTravelAsTheFormulaSays(int workers) {
        Scenario scenario =
                Scenario.of(WORKLOAD, SYNCHRONOUS, workers, 3).with(SLOW).withSlices(8);
        assertThat(Simulation.run(scenario).stepPayloadBytes()).isEqualTo(8.0 * PARAMETERS * workers);
    }

    @Test
    void localTrainingMovesAsMuchInARoundAsSynchronousTrainingInAStep() {
        assertThat(run(LOCAL, 4, 2).stepPayloadBytes())
                .isEqualTo(run(SYNCHRONOUS, 4, 2).stepPayloadBytes());
    }

    @Test
    void moreAsynchronousWorkersNeverDoLessTogether() {
        double before = 0;
        for (int workers : List.of(1, 2, 4, 8, 16, 32)) {
            double throughput = workers * run(ASYNCHRONOUS, workers, 1).efficiency();
            assertThat(throughput).as(workers + " workers").isGreaterThan(0.99 * before);
            before = throughput;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3})
    void nobodyGetsFurtherAheadThanTheBound(int clocks) {
        int workers = 6;
        for (long seed = 1; seed <= 5; seed++) {
            Scenario scenario = Scenario.of(WORKLOAD, new ConsistencyModel.BoundedStaleness(clocks), workers, 3)
                    .with(SLOW)
                    .with(withJitter(0.8))
                    .withSteps(0, 20)
                    .withSeed(seed);
            Outcome bounded = Simulation.run(scenario);
            assertThat(bounded.batchesAhead()).as("seed " + seed).isLessThanOrEqualTo(clocks);
            assertThat(bounded.staleness()).as("seed " + seed).isLessThanOrEqualTo((2L * clocks + 1) * (workers - 1));
        }
    }

    @Test
    void withoutABoundSomebodyDoes() {
        Scenario scenario = Scenario.of(WORKLOAD, ASYNCHRONOUS, 6, 3)
                .with(SLOW)
                .with(withJitter(0.8))
                .withSteps(0, 20);
        assertThat(Simulation.run(scenario).batchesAhead()).isGreaterThan(3);
    }

    @Test
    void backupWorkersPayWithStragglersAndCostWithout() {
        ConsistencyModel withBackups = new ConsistencyModel.Synchronous(2);
        Wire fast = Wire.of(100, 50);
        Scenario all = Scenario.of(WORKLOAD, SYNCHRONOUS, 16, 4).with(fast).withSteps(2, 30);
        Scenario some = Scenario.of(WORKLOAD, withBackups, 16, 4).with(fast).withSteps(2, 30);

        Outcome straggling = Simulation.run(some.with(withJitter(0.6)));
        assertThat(straggling.lateGradients()).isPositive();
        assertThat(straggling.efficiency())
                .isGreaterThan(1.1 * Simulation.run(all.with(withJitter(0.6))).efficiency());
        assertThat(Simulation.run(some).efficiency())
                .isLessThan(14.0 / 16)
                .isLessThan(Simulation.run(all).efficiency());
    }

    @Test
    void localTrainingIsForSlowNetworks() {
        double local = run(LOCAL, 8, 1).efficiency();
        assertThat(local).isGreaterThan(0.9);
        assertThat(run(SYNCHRONOUS, 8, 1).efficiency()).isLessThan(0.6);
    }

    @Test
    void fourWorkersOnTwoCoresAreAsFastAsTwo() {
        Scenario scenario = Scenario.of(WORKLOAD, SYNCHRONOUS, 4, 1)
                .with(new Computers(0, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 2));
        assertThat(Simulation.run(scenario).efficiency()).isEqualTo(0.5, within(1e-6));
    }

    @Test
    void timeOfThreadsCounts() {
        Scenario scenario = Scenario.of(WORKLOAD, SYNCHRONOUS, 1, 1);
        double seconds = 4.0 * PARAMETERS / 1e9;
        Computers slowShard = new Computers(0, 1e9, Double.POSITIVE_INFINITY, Cores.UNLIMITED);
        Computers slowWorker = new Computers(0, Double.POSITIVE_INFINITY, 1e9, Cores.UNLIMITED);
        assertThat(Simulation.run(scenario.with(slowShard)).stepSeconds())
                .isCloseTo(PASS_SECONDS + seconds, within(1e-6));
        assertThat(Simulation.run(scenario.with(slowWorker)).stepSeconds())
                .isCloseTo(PASS_SECONDS + 2 * seconds, within(1e-6));
    }

    @Test
    void theSameSeedGivesTheSameNumbers() {
        for (ConsistencyModel model : MODELS) {
            Scenario scenario =
                    Scenario.of(Workload.resNet50(), model, 5, 3).with(SLOW).with(withJitter(0.3));
            Outcome once = Simulation.run(scenario);
            assertThat(Simulation.run(scenario)).isEqualTo(once);
            assertThat(Simulation.run(scenario.withSeed(18))).isNotEqualTo(once);
        }
    }

    /** A chunk on each shard: it sends to one worker after the other, and what the first ones push next comes in meanwhile. */
    @Test
    void aThousandWorkersShareAHundredShards() {
        int workers = 1000;
        int shards = 100;
        Workload workload = Workload.oneLayer(1_638_400, PASS_SECONDS);
        double chunkSeconds = (4.0 * workload.parameters() / shards + Network.HEADER_BYTES) / SLOW.bytesPerSecond();

        Outcome outcome = Simulation.run(
                Scenario.of(workload, SYNCHRONOUS, workers, shards).with(SLOW).withSteps(0, 1));

        assertThat(outcome.stepSeconds())
                .isCloseTo(
                        PASS_SECONDS + 2 * SLOW.latencySeconds() + (workers + shards) * chunkSeconds,
                        withPercentage(1));
    }
}
