package dev.tutti.coordinator.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplayTest {
    private static final int EVENTS = 300;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void replayingEveryPrefixOfAJournalGivesTheStateOfThatMoment(long seed) {
        SimulatedCluster cluster =
                new SimulatedCluster(seed, seed % 2 == 0 ? Specs.asynchronous(1, 3) : Specs.synchronous(1, 3));
        List<ClusterState> moments = new ArrayList<>();
        List<Integer> lengths = new ArrayList<>();
        for (int i = 0; i < EVENTS; i++) {
            if (cluster.random.nextInt(20) == 0) {
                cluster.killWorker();
                cluster.addWorker();
            }
            cluster.step();
            moments.add(cluster.state);
            lengths.add(cluster.journal.size());
        }
        for (int i = 0; i < EVENTS; i++) {
            ClusterState replayed = ClusterState.EMPTY;
            for (Event event : cluster.journal.subList(0, lengths.get(i))) {
                replayed = JobDecisions.decide(replayed, event).state();
            }
            assertThat(replayed).as("seed %s, prefix %s", seed, lengths.get(i)).isEqualTo(moments.get(i));
        }
    }
}
