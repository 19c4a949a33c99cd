package dev.tutti.client.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.client.local.ClusterPlan.Home;
import dev.tutti.client.local.ClusterPlan.Ports;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RunningRole;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class LocalClusterTest {
    private final Collection<Idle> begun = new ConcurrentLinkedQueue<>();
    private final Collection<String> losses = new ConcurrentLinkedQueue<>();

    @Test
    void everyRoleRunsUntilTheClusterIsClosed() throws Exception {
        try (var cluster = cluster(20, 3, (_, name, _, _) -> idle(name))) {
            cluster.start();

            assertThat(cluster.parameterServers()).hasSize(20);
            assertThat(cluster.workers()).hasSize(3);
            assertThat(begun).hasSize(24).noneMatch(role -> role.closed.get());
        }
        assertThat(begun).allMatch(role -> role.closed.get());
        assertThat(losses).isEmpty();
    }

    @Test
    void aStartThatIsGivenUpLetsTheRoleUnderWayFinishUninterruptedAndBeginsNoOther() {
        var cluster = new CompletableFuture<LocalCluster>();
        var interrupted = new AtomicBoolean();
        cluster.complete(cluster(2, 2, (_, name, _, unwanted) -> {
            assertThat(unwanted.getAsBoolean()).isFalse();
            cluster.join().giveUp();
            assertThat(unwanted.getAsBoolean()).isTrue();
            interrupted.set(Thread.currentThread().isInterrupted());
            return idle(name);
        }));

        assertThatThrownBy(cluster.join()::start).isInstanceOf(InterruptedException.class);

        assertThat(begun)
                .singleElement()
                .satisfies(role -> assertThat(role.closed).isTrue());
        assertThat(interrupted).isFalse();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void theFirstFailureEndsTheStartAndWhatRuns() {
        var cluster = cluster(30, 1, (_, name, _, _) -> {
            if (name.equals("parameter-server-2")) {
                throw new LaunchException(2, "it is too big", null);
            }
            return idle(name);
        });

        assertThatThrownBy(cluster::start).isInstanceOf(LaunchException.class).hasMessage("it is too big");

        assertThat(begun).allMatch(role -> role.closed.get());
    }

    @Test
    void aRoleThatIsLostDuringTheStartEndsIt() {
        var cluster = cluster(1, 1, (_, name, _, _) -> {
            Idle role = idle(name);
            if (name.equals("coordinator")) {
                role.ended.completeExceptionally(new IllegalStateException("out of luck"));
            }
            return role;
        });

        assertThatThrownBy(cluster::start).hasMessage("coordinator ended unexpectedly: out of luck");

        assertThat(losses).isEmpty();
    }

    @Test
    void aRoleThatIsLostLaterIsTold() throws Exception {
        try (var cluster = cluster(1, 1, (_, name, _, _) -> idle(name))) {
            cluster.start();

            begun.forEach(role -> role.ended.complete(null));
        }

        assertThat(losses)
                .containsExactlyInAnyOrder(
                        "coordinator ended unexpectedly",
                        "parameter-server-1 ended unexpectedly",
                        "worker-1 ended unexpectedly");
    }

    private LocalCluster cluster(int parameterServers, int workers, RoleStarter starter) {
        var nowhere = Path.of("nowhere");
        var plan = new ClusterPlan(
                parameterServers,
                workers,
                nowhere,
                nowhere,
                Optional.empty(),
                Optional.empty(),
                Ports.FREE,
                Home.ONE_PROCESS);
        return new LocalCluster(plan, starter, (_, sentence) -> losses.add(sentence));
    }

    private Idle idle(String name) {
        var role = new Idle(name, new CompletableFuture<>(), new AtomicBoolean());
        begun.add(role);
        return role;
    }

    /** A role that does nothing. */
    private record Idle(String member, CompletableFuture<Void> ended, AtomicBoolean closed) implements RunningRole {
        @Override
        public String clusterAddress() {
            return "127.0.0.1:1";
        }

        @Override
        public String grpcAddress() {
            return "127.0.0.1:2";
        }

        @Override
        public String managementUrl() {
            return "http://127.0.0.1:3";
        }

        @Override
        public void close() {
            closed.set(true);
        }
    }
}
