package dev.tutti.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.v1.JobsGrpc;
import dev.tutti.proto.v1.Role;
import io.grpc.ManagedChannel;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodeTest {
    @TempDir
    Path folder;

    private TestNodes nodes;

    @BeforeEach
    void open() {
        nodes = new TestNodes(folder);
    }

    @AfterEach
    void close() {
        nodes.close();
    }

    @Test
    void managementPortAnswersHealthAndMetrics() throws Exception {
        Node node = nodes.coordinator();

        assertThat(get(node, "/livez").statusCode()).isEqualTo(200);
        assertThat(get(node, "/readyz").statusCode()).isEqualTo(200);
        assertThat(get(node, "/elsewhere").statusCode()).isEqualTo(404);
        assertThat(get(node, "/metrics").body())
                .contains("jvm_memory_used_bytes{", "process_uptime_seconds{", "process_cpu_usage{")
                .contains("member=\"" + node.member() + "\"", "role=\"coordinator\"");
    }

    @Test
    void readyzNamesWhatIsMissing() throws Exception {
        AtomicBoolean open = new AtomicBoolean();
        RoleComponent waiting = new TestNodes.Idle(List.of(), List.of(new ReadinessCheck("journal", open::get)));
        Node node = nodes.start(Role.ROLE_COORDINATOR, Map.of(), _ -> waiting);

        HttpResponse<String> before = get(node, "/readyz");
        open.set(true);

        assertThat(before.statusCode()).isEqualTo(503);
        assertThat(before.body()).isEqualTo("not ready: journal\n");
        assertThat(get(node, "/readyz").statusCode()).isEqualTo(200);
    }

    @Test
    void grpcServerAnswersTheStandardHealthService() throws Exception {
        Node node = nodes.start(Role.ROLE_COORDINATOR, Map.of(), _ -> withService());
        ManagedChannel channel =
                NettyChannelBuilder.forTarget(node.grpcAddress()).usePlaintext().build();
        try {
            ServingStatus status = HealthGrpc.newBlockingStub(channel)
                    .check(HealthCheckRequest.getDefaultInstance())
                    .getStatus();

            assertThat(status).isEqualTo(ServingStatus.SERVING);
        } finally {
            channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tutti.cluster.port", "tutti.grpc.port", "tutti.management.port"})
    void aTakenPortIsNamedWithItsKey(String key) throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = String.valueOf(taken.getLocalPort());

            LaunchException failure = catchThrowableOfType(
                    LaunchException.class,
                    () -> nodes.start(Role.ROLE_COORDINATOR, Map.of(key, port), _ -> withService()));

            assertThat(failure)
                    .hasMessage("port " + port + " is already in use; set " + key
                            + " to another one, or 0 for any free port");
            assertThat(failure.exitCode()).isEqualTo(2);
        }
    }

    @Test
    void withoutACoordinatorTheSeedsAreNamed() throws Exception {
        Map<String, String> nobody = Map.of("tutti.cluster.seeds", "127.0.0.1:1", "tutti.cluster.join-timeout", "1s");

        LaunchException failure =
                catchThrowableOfType(LaunchException.class, () -> nodes.start(Role.ROLE_WORKER, nobody));

        assertThat(failure)
                .hasMessage(
                        "no coordinator answered at 127.0.0.1:1 within 1 s; start one, or set tutti.cluster.seeds to"
                                + " its cluster address");
        assertThat(failure.exitCode()).isEqualTo(4);
    }

    @Test
    void nothingIsLeftRunningAfterAStopNorAfterAFailedStart() throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        Node node = nodes.start(Role.ROLE_COORDINATOR, Map.of(), _ -> withService());
        Map<String, String> taken = Map.of(
                "tutti.grpc.port",
                String.valueOf(HostPort.parse(node.grpcAddress()).orElseThrow().port()),
                "tutti.cluster.seeds",
                node.clusterAddress());
        assertThatThrownBy(() -> nodes.start(Role.ROLE_PARAMETER_SERVER, taken, _ -> withService()))
                .hasMessageContaining("already in use");

        node.close();

        await().pollInSameThread()
                .atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                        .filteredOn(thread -> !before.contains(thread) && !thread.isDaemon())
                        .isEmpty());
        assertThat(node.ended()).isCompleted();
    }

    @Test
    void theComponentIsClosedWhileTheNodeIsStillAMember() throws Exception {
        List<Boolean> memberAtClose = new ArrayList<>();
        Node node = nodes.start(Role.ROLE_COORDINATOR, Map.of(), context -> new TestNodes.OnJoin(() -> {}) {
            @Override
            public void close() {
                memberAtClose.add(!TestNodes.hasLeft(context.system()));
            }
        });

        node.close();
        node.close();

        assertThat(memberAtClose).containsExactly(true);
    }

    @Test
    void anActorThatThrowsEndsTheNode() throws Exception {
        Node node = nodes.start(
                Role.ROLE_COORDINATOR,
                Map.of(),
                TestNodes.OnJoin.of(context -> context.spawn(
                                Behaviors.<String>receiveMessage(message -> {
                                    throw new IllegalStateException("cannot take " + message);
                                }),
                                "fragile")
                        .tell("that")));

        ExecutionException failure = catchThrowableOfType(
                ExecutionException.class, () -> node.ended().get(20, TimeUnit.SECONDS));

        assertThat(failure).hasRootCauseMessage("cannot take that");
    }

    private static RoleComponent withService() {
        ServerServiceDefinition jobs = new JobsGrpc.JobsImplBase() {}.bindService();
        return new TestNodes.Idle(List.of(jobs), List.of());
    }

    private static HttpResponse<String> get(Node node, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(node.managementUrl() + path))
                    .build();
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }
}
