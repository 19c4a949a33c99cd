package dev.tutti.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.v1.Role;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Down;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several nodes in one JVM; a crash ends an actor system without leaving the cluster. */
class DownUnreachableTest {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    @TempDir
    Path folder;

    private TestNodes nodes;
    private final Map<Node, ActorSystem<?>> systems = new HashMap<>();

    @BeforeEach
    void open() {
        nodes = new TestNodes(folder);
    }

    @AfterEach
    void close() {
        nodes.close();
    }

    @Test
    void survivorsStayUpWhenTheOnlyCoordinatorCrashes() throws Exception {
        List<Node> cluster = cluster(0);

        crash(cluster.get(0));

        assertOnlyTheseGoOn(cluster.get(1), cluster.get(2), cluster.get(3));
    }

    @Test
    void survivorsStayUpWhenTheOldestAndAnotherCrashTogether() throws Exception {
        List<Node> cluster = cluster(0);

        crash(cluster.get(0), cluster.get(2));

        assertOnlyTheseGoOn(cluster.get(1), cluster.get(3));
    }

    @Test
    void aSingleSurvivorStaysUp() throws Exception {
        List<Node> cluster = cluster(0);

        crash(cluster.get(0), cluster.get(1), cluster.get(3));

        assertOnlyTheseGoOn(cluster.get(2));
    }

    @Test
    void aCoordinatorStartedAgainFindsTheClusterThatWentOnWithoutIt() throws Exception {
        int port = freePort();
        List<Node> cluster = cluster(port);
        crash(cluster.get(0));
        assertOnlyTheseGoOn(cluster.get(1), cluster.get(2), cluster.get(3));

        Node again = start(Role.ROLE_COORDINATOR, Map.of("tutti.cluster.port", String.valueOf(port)));

        assertOnlyTheseGoOn(again, cluster.get(1), cluster.get(2), cluster.get(3));
    }

    @Test
    void aCoordinatorStartedAgainAtOnceReplacesItsCrashedSelf() throws Exception {
        int port = freePort();
        List<Node> cluster = cluster(port);
        crash(cluster.get(0));

        Node again = start(Role.ROLE_COORDINATOR, Map.of("tutti.cluster.port", String.valueOf(port)));

        assertOnlyTheseGoOn(again, cluster.get(1), cluster.get(2), cluster.get(3));
    }

    @Test
    void aNodeThatTheOthersThrewOutEndsAndSaysSo() throws Exception {
        List<Node> cluster = cluster(0);
        Node frozen = cluster.get(2);

        Cluster.get(system(cluster.getFirst()))
                .manager()
                .tell(new Down(Cluster.get(system(frozen)).selfMember().address()));

        ExecutionException failure = catchThrowableOfType(
                ExecutionException.class, () -> frozen.ended().get(20, TimeUnit.SECONDS));
        assertThat(failure.getCause()).hasMessageStartingWith("this process was thrown out of the cluster by");
        assertOnlyTheseGoOn(cluster.get(0), cluster.get(1), cluster.get(3));
    }

    /** Coordinator, parameter server, two workers. */
    private List<Node> cluster(int coordinatorPort) throws LaunchException {
        List<Node> cluster = new ArrayList<>();
        cluster.add(start(Role.ROLE_COORDINATOR, Map.of("tutti.cluster.port", String.valueOf(coordinatorPort))));
        Map<String, String> seeds =
                Map.of("tutti.cluster.seeds", cluster.getFirst().clusterAddress());
        cluster.add(start(Role.ROLE_PARAMETER_SERVER, seeds));
        cluster.add(start(Role.ROLE_WORKER, seeds));
        cluster.add(start(Role.ROLE_WORKER, seeds));
        return cluster;
    }

    private Node start(Role role, Map<String, String> more) throws LaunchException {
        List<ActorSystem<?>> system = new ArrayList<>();
        Node node = nodes.start(role, more, TestNodes.OnJoin.of(context -> system.add(context.system())));
        systems.put(node, system.getFirst());
        return node;
    }

    private void crash(Node... crashing) {
        for (Node node : crashing) {
            system(node).terminate();
        }
        for (Node node : crashing) {
            system(node).getWhenTerminated().toCompletableFuture().join();
        }
    }

    private void assertOnlyTheseGoOn(Node... survivors) {
        String[] addresses = Arrays.stream(survivors).map(Node::clusterAddress).toArray(String[]::new);
        await().atMost(PATIENCE).untilAsserted(() -> {
            for (Node survivor : survivors) {
                assertThat(upMembers(survivor)).containsExactlyInAnyOrder(addresses);
            }
        });
        assertThat(survivors).allSatisfy(node -> assertThat(node.ended()).isNotDone());
    }

    private List<String> upMembers(Node node) {
        return StreamSupport.stream(
                        Cluster.get(system(node)).state().getMembers().spliterator(), false)
                .filter(member -> member.status().equals(MemberStatus.up()))
                .map(Member::address)
                .map(OwnSystem::hostPort)
                .toList();
    }

    private ActorSystem<?> system(Node node) {
        return Objects.requireNonNull(systems.get(node));
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
