package dev.tutti.parameterserver;

import dev.tutti.node.Membership;
import dev.tutti.node.NodeContext;
import dev.tutti.node.ReadinessCheck;
import dev.tutti.node.RoleComponent;
import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.rpc.ExchangeService;
import dev.tutti.parameterserver.shard.ShardDirectory;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.ToParameterServer;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parameter server's part of a node: an actor for control, a service for data, a thread for what no reader of frames does with a shard by itself, and
 * virtual threads that wait for the disk.
 */
final class ParameterServer implements RoleComponent {
    private static final Logger LOG = LoggerFactory.getLogger(ParameterServer.class);
    /** What is under way when the node stops, a checkpoint part for example, gets this long. */
    private static final long GRACE_SECONDS = 10;

    private final NodeContext node;
    private final CoordinatorLink coordinator;
    private final ShardDirectory directory = new ShardDirectory();
    private final ExecutorService shardThread;
    private final ExecutorService disk;
    private final ParameterServerMetrics metrics;
    private final OpenShards shards;
    private volatile @Nullable ActorRef<ToParameterServer> self;

    ParameterServer(NodeContext node) {
        this.node = node;
        this.coordinator = new CoordinatorLink(node.system());
        this.shardThread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("shards-" + node.member()).factory());
        this.disk = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("checkpoint-", 0).factory());
        this.metrics = new ParameterServerMetrics(node.meters());
        this.shards = new OpenShards(directory, shardThread, disk, metrics, this::tellCoordinator);
    }

    @Override
    public List<ServerServiceDefinition> services() {
        return List.of(ExchangeService.of(directory, metrics));
    }

    @Override
    public List<ServerStreamTracer.Factory> tracers() {
        return List.of(ExchangeService.tracing(metrics));
    }

    @Override
    public void joined() {
        ActorRef<ToParameterServer> actor = node.spawn(
                ParameterServerActor.behavior(hello(), coordinator, this::tellCoordinator, shards), "parameter-server");
        self = actor;
        node.system().receptionist().tell(Receptionist.register(Membership.PARAMETER_SERVERS, actor));
    }

    private Hello hello() {
        return Hello.newBuilder()
                .setMember(node.member())
                .setRole(Role.ROLE_PARAMETER_SERVER)
                .setGrpcEndpoint(node.grpcEndpoint())
                .setGrpcSocket(node.grpcSocket())
                .build();
    }

    @Override
    public List<ReadinessCheck> readiness() {
        return List.of();
    }

    @Override
    public void close() {
        shards.releaseAll();
        end(shardThread, "the shards' thread");
        end(disk, "a checkpoint part");
    }

    private static void end(ExecutorService executor, String what) {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(GRACE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("{} did not end within {} s and is given up", what, GRACE_SECONDS);
                executor.shutdownNow();
            }
        } catch (InterruptedException _) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private void tellCoordinator(ToCoordinator.Builder message) {
        ActorRef<ToParameterServer> actor = self;
        if (actor != null) {
            coordinator.tell(
                    message.setSender(Membership.toString(node.system(), actor)).build());
        }
    }
}
