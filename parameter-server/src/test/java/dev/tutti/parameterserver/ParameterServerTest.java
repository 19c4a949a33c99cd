package dev.tutti.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.node.Membership;
import dev.tutti.node.Node;
import dev.tutti.node.NodeConfig;
import dev.tutti.node.NodeContext;
import dev.tutti.node.ReadinessCheck;
import dev.tutti.node.RoleComponent;
import dev.tutti.parameterserver.shard.Jobs;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RoleLauncher;
import dev.tutti.proto.launch.RoleSettings;
import dev.tutti.proto.launch.RunningRole;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.EndJob;
import dev.tutti.proto.v1.EndMode;
import dev.tutti.proto.v1.OpenShard;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.v1.ShardOpened;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.Welcome;
import dev.tutti.proto.v1.WriteCheckpoint;
import io.grpc.ServerServiceDefinition;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A parameter server in a real cluster of two, with a coordinator that says what the test says. */
@Timeout(120)
class ParameterServerTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    private final Director director = new Director();

    @Test
    void itObeysTheNewestCoordinatorAndAnswersIt() throws Exception {
        try (Node coordinator = director.start(folder);
                RunningRole server = launch(coordinator)) {
            director.serverFound.take();

            director.tell(5, ToParameterServer.newBuilder().setWelcome(Welcome.getDefaultInstance()));
            ToCoordinator hello = director.heard.take();
            assertThat(hello.getHello().getRole()).isEqualTo(Role.ROLE_PARAMETER_SERVER);
            assertThat(hello.getHello().getMember()).isEqualTo(server.member());
            assertThat(hello.getHello().getGrpcEndpoint()).isEqualTo(server.grpcAddress());

            director.tell(5, ToParameterServer.newBuilder().setOpen(open(1)));
            assertThat(director.heard.take().getShardOpened()).isEqualTo(opened(1));

            director.tell(4, ToParameterServer.newBuilder().setOpen(open(9)));
            director.tell(5, ToParameterServer.newBuilder().setOpen(open(2)));
            assertThat(director.heard.take().getShardOpened()).isEqualTo(opened(2));

            director.tell(
                    5,
                    ToParameterServer.newBuilder()
                            .setCheckpoint(WriteCheckpoint.newBuilder()
                                    .setJob(Jobs.JOB)
                                    .setGeneration(2)));
            CheckpointPart part = director.heard.take().getCheckpointPart();
            assertThat(Path.of(part.getFolder(), part.getFile())).hasSize(part.getBytes());

            director.tell(5, ToParameterServer.newBuilder().setOpen(open(3).setShardMap(Jobs.map(2))));
            assertThat(director.heard.take().getShardFailed().getReason()).contains("another shard map");

            director.tell(
                    6,
                    ToParameterServer.newBuilder()
                            .setEnd(EndJob.newBuilder().setJob(Jobs.JOB).setMode(EndMode.END_MODE_RELEASE)));
            director.tell(6, ToParameterServer.newBuilder().setOpen(open(1)));
            assertThat(director.heard.take().getShardOpened()).isEqualTo(opened(1));
        }
    }

    private static RunningRole launch(Node coordinator) throws LaunchException {
        RoleLauncher launcher = ServiceLoader.load(RoleLauncher.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(found -> found.role().equals("parameter-server"))
                .findFirst()
                .orElseThrow();
        return launcher.launch(new RoleSettings(
                Optional.empty(), Map.of("tutti.cluster.seeds", "[\"" + coordinator.clusterAddress() + "\"]")));
    }

    private OpenShard.Builder open(long generation) {
        return OpenShard.newBuilder()
                .setJob(Jobs.JOB)
                .setGeneration(generation)
                .setSpec(Jobs.synchronous(2, folder).spec())
                .setShardMap(Jobs.map(1))
                .setSlices(2)
                .setTotalSteps(5)
                .setMayCreate(true)
                .setCheckpointFolder(folder.resolve("checkpoints").toString());
    }

    private static ShardOpened opened(long generation) {
        return ShardOpened.newBuilder()
                .setJob(Jobs.JOB)
                .setGeneration(generation)
                .build();
    }

    /** The test's coordinator. */
    private static final class Director {
        final BlockingQueue<ToCoordinator> heard = new LinkedBlockingQueue<>();
        final BlockingQueue<Boolean> serverFound = new LinkedBlockingQueue<>();

        @SuppressWarnings("NullAway.Init")
        private volatile ActorRef<ToParameterServer> server;

        private volatile String address = "";

        Node start(Path folder) throws LaunchException {
            Map<String, String> ports = Map.of(
                    "tutti.cluster.port", "0",
                    "tutti.grpc.port", "0",
                    "tutti.management.port", "0",
                    "tutti.state.folder", "\"" + folder + "\"");
            RoleSettings settings = new RoleSettings(Optional.empty(), ports);
            return Node.start(NodeConfig.load(Role.ROLE_COORDINATOR, settings), Stage::new);
        }

        void tell(long epoch, ToParameterServer.Builder message) {
            server.tell(message.setEpoch(epoch).setCoordinator(address).build());
        }

        private final class Stage implements RoleComponent {
            private final NodeContext node;

            Stage(NodeContext node) {
                this.node = node;
            }

            @Override
            public List<ServerServiceDefinition> services() {
                return List.of();
            }

            @Override
            public void joined() {
                ActorRef<ToCoordinator> self = node.spawn(
                        Behaviors.receiveMessage(message -> {
                            heard.add(message);
                            return Behaviors.same();
                        }),
                        "director");
                address = Membership.toString(node.system(), self);
                ActorRef<Receptionist.Listing> scout = node.spawn(
                        Behaviors.receiveMessage(listing -> {
                            listing.getServiceInstances(Membership.PARAMETER_SERVERS)
                                    .forEach(this::found);
                            return Behaviors.same();
                        }),
                        "scout");
                node.system().receptionist().tell(Receptionist.subscribe(Membership.PARAMETER_SERVERS, scout));
            }

            private void found(ActorRef<ToParameterServer> ref) {
                server = ref;
                serverFound.add(true);
            }

            @Override
            public List<ReadinessCheck> readiness() {
                return List.of();
            }

            @Override
            public void close() {}
        }
    }
}
