package dev.tutti.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.coordinator.job.Specs;
import dev.tutti.coordinator.journal.JdbcJournal;
import dev.tutti.node.Membership;
import dev.tutti.node.Node;
import dev.tutti.node.NodeConfig;
import dev.tutti.node.NodeContext;
import dev.tutti.node.ReadinessCheck;
import dev.tutti.node.RoleComponent;
import dev.tutti.proto.checkpoint.CheckpointFolder;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.v1.CancelRequest;
import dev.tutti.proto.v1.GetJobRequest;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.JobsGrpc;
import dev.tutti.proto.v1.ListCheckpointsRequest;
import dev.tutti.proto.v1.ListJobsRequest;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.v1.StopRequest;
import dev.tutti.proto.v1.SubmitRequest;
import dev.tutti.proto.v1.WatchRequest;
import io.grpc.ManagedChannel;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real coordinator node and a real gRPC client over loopback; the members are actors that keep the contract. */
class CoordinatorNodeTest {
    @TempDir
    Path folder;

    private Node node;
    private ManagedChannel channel;
    private JobsGrpc.JobsBlockingStub jobs;

    @BeforeEach
    void start() throws Exception {
        NodeConfig config = NodeConfig.load(
                Role.ROLE_COORDINATOR,
                new RoleSettings(
                        Optional.empty(),
                        Map.of(
                                "tutti.cluster.port", "0",
                                "tutti.grpc.port", "0",
                                "tutti.management.port", "0",
                                "tutti.state.folder", folder.toString())));
        JdbcJournal journal = JdbcJournal.inFolder(folder);
        node = Node.start(
                config,
                context ->
                        new WithMembers(context, new CoordinatorRole(context, journal, CoordinatorSettings.DEFAULT)));
        channel =
                NettyChannelBuilder.forTarget(node.grpcAddress()).usePlaintext().build();
        jobs = JobsGrpc.newBlockingStub(channel);
    }

    @AfterEach
    void stop() throws Exception {
        channel.shutdownNow();
        assertThat(channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        node.close();
    }

    /** The coordinator, and two workers and two parameter servers on the same node. */
    private record WithMembers(NodeContext context, CoordinatorRole role) implements RoleComponent {
        @Override
        public List<ServerServiceDefinition> services() {
            return role.services();
        }

        @Override
        public void joined() {
            role.joined();
            var receptionist = context.system().receptionist();
            for (String name : List.of("w-a", "w-b")) {
                receptionist.tell(
                        Receptionist.register(Membership.WORKERS, context.spawn(FakeMembers.worker(name), name)));
            }
            for (String name : List.of("ps-a", "ps-b")) {
                receptionist.tell(Receptionist.register(
                        Membership.PARAMETER_SERVERS, context.spawn(FakeMembers.server(name), name)));
            }
        }

        @Override
        public List<ReadinessCheck> readiness() {
            return role.readiness();
        }

        @Override
        public void close() {
            role.close();
        }
    }

    private JobsGrpc.JobsBlockingStub call() {
        return jobs.withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    private Job submit(JobSpec spec, String key) {
        return call().submit(SubmitRequest.newBuilder()
                        .setSpec(spec)
                        .setIdempotencyKey(key)
                        .build())
                .getJob();
    }

    private List<JobEvent> watch(String id) {
        List<JobEvent> events = new ArrayList<>();
        call().watch(WatchRequest.newBuilder().setId(id).build()).forEachRemaining(events::add);
        return events;
    }

    private static void awaitState(JobsGrpc.JobsBlockingStub stub, String id, JobState state) {
        var events = stub.watch(WatchRequest.newBuilder().setId(id).build());
        while (events.next().getJob().getState() != state) {
            // The deadline of the call ends it.
        }
    }

    private static JobSpec endless(String name) {
        return Specs.synchronous(1, 2).toBuilder().setName("endless " + name).build();
    }

    @Test
    void submittedJobIsTrainedWatchedAndFoundAfterwards() throws Exception {
        String id = submit(Specs.synchronous(2, 2), "").getId();
        assertThat(id).matches("two-moons-[a-z2-9]{6}");
        List<JobEvent> events = watch(id);
        JobEvent last = events.getLast();
        assertThat(last.getState().getTo()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
        assertThat(last.getJob().getResult().getTest().getAccuracy()).isEqualTo(0.9);
        assertThat(events.stream()
                        .filter(JobEvent::hasEpoch)
                        .map(event -> event.getEpoch().getEpoch()))
                .isSubsetOf(1, 2);

        Job job = call().get(GetJobRequest.newBuilder().setId(id).build());
        assertThat(job.getState()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
        assertThat(job.getEpochsList()).hasSize(2);
        assertThat(job.getProgress().getStep()).isEqualTo(Specs.TOTAL_STEPS);
        assertThat(call().list(ListJobsRequest.getDefaultInstance()).getJobsList())
                .singleElement()
                .satisfies(listed -> {
                    assertThat(listed.getId()).isEqualTo(id);
                    assertThat(listed.getEpochsList()).containsExactly(job.getEpochs(1));
                    assertThat(listed.getCheckpointsList())
                            .containsExactly(job.getCheckpointsList().getLast());
                });
        assertThat(call().listCheckpoints(
                                ListCheckpointsRequest.newBuilder().setJobId(id).build())
                        .getCheckpointsList())
                .singleElement()
                .satisfies(checkpoint -> assertThat(CheckpointFolder.readManifest(Path.of(checkpoint.getPath()))
                                .getStep())
                        .isEqualTo(Specs.TOTAL_STEPS));
    }

    @Test
    void sameKeyIsTheSameJobUnlessTheSpecDiffers() {
        Job first = submit(endless("one"), "key");
        assertThat(submit(endless("one"), "key").getId()).isEqualTo(first.getId());
        assertThatThrownBy(() -> submit(endless("two"), "key"))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.ALREADY_EXISTS))
                .hasMessageContaining(first.getId());
    }

    @Test
    void invalidSpecIsRefusedWithEverySentence() {
        JobSpec.Builder spec = Specs.synchronous(1, 2).toBuilder();
        spec.getTrainingBuilder().setEpochs(0).setBatch(0);
        assertThatThrownBy(() -> submit(spec.build(), ""))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT))
                .hasMessageContaining("training.epochs")
                .hasMessageContaining("training.batch");
    }

    @Test
    void runningJobIsCancelledAndSaysSoToItsWatchersAndToWhoeverStopsIt() {
        String id = submit(endless("three"), "").getId();
        awaitState(call(), id, JobState.JOB_STATE_RUNNING);
        assertThat(call().cancel(CancelRequest.newBuilder().setId(id).build()).getState())
                .isEqualTo(JobState.JOB_STATE_CANCELLED);
        assertThat(watch(id).getLast().getState().getTo()).isEqualTo(JobState.JOB_STATE_CANCELLED);
        assertThatThrownBy(() -> call().stop(StopRequest.newBuilder().setId(id).build()))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION));
    }

    @Test
    void listRefusesALimitBeyondBoundsAndTheCoordinatorGoesOn() {
        assertThatThrownBy(() ->
                        call().list(ListJobsRequest.newBuilder().setLimit(-1).build()))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT))
                .hasMessageContaining("got 4294967295");
        String id = submit(endless("four"), "").getId();
        assertThat(call().list(ListJobsRequest.getDefaultInstance()).getJobsList())
                .singleElement()
                .satisfies(job -> assertThat(job.getId()).isEqualTo(id));
    }

    @Test
    void coordinatorThatAnswersIsReady() throws Exception {
        assertThat(call().list(ListJobsRequest.getDefaultInstance()).getJobsList())
                .isEmpty();
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<String> ready = http.send(
                    HttpRequest.newBuilder(URI.create(node.managementUrl() + "/readyz"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(ready.statusCode()).as(ready.body()).isEqualTo(200);
        }
    }

    @Test
    void unknownJobIsNotFound() {
        assertThatThrownBy(() -> watch("no-such-job"))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND))
                .hasMessageContaining("There is no job no-such-job");
    }
}
