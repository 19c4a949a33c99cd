package dev.tutti.coordinator;

import dev.tutti.coordinator.api.JobsService;
import dev.tutti.coordinator.journal.JobJournal;
import dev.tutti.node.Membership;
import dev.tutti.node.NodeContext;
import dev.tutti.node.ReadinessCheck;
import dev.tutti.node.RoleComponent;
import dev.tutti.proto.v1.ToCoordinator;
import io.grpc.ServerServiceDefinition;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.typed.Cluster;

/** A process that coordinates, or stands by to. Owns the journal. */
final class CoordinatorRole implements RoleComponent {
    private final NodeContext node;
    private final JobJournal journal;
    private final CoordinatorSettings settings;
    private final CoordinatorMetrics metrics;
    private final JobsService service;
    private final AtomicBoolean replayed = new AtomicBoolean();
    private final AtomicReference<Optional<ActorRef<ToCoordinator>>> coordinator =
            new AtomicReference<>(Optional.empty());

    CoordinatorRole(NodeContext node, JobJournal journal, CoordinatorSettings settings) {
        this.node = node;
        this.journal = journal;
        this.settings = settings;
        metrics = new CoordinatorMetrics(node.meters());
        service = new JobsService(
                node.system(), coordinator::get, node::spawn, settings.answerPatience(), settings.watchRenewal());
    }

    @Override
    public List<ServerServiceDefinition> services() {
        return List.of(service.bindService());
    }

    @Override
    public void joined() {
        CoordinatorActor.Surroundings surroundings = new CoordinatorActor.Surroundings(
                journal,
                node.config().checkpoints().folder(),
                node.clock(),
                new SecureRandom(),
                metrics,
                settings,
                () -> replayed.set(true),
                node::fatal);
        coordinator.set(Optional.of(Membership.startCoordinator(node.system(), CoordinatorActor.create(surroundings))));
    }

    @Override
    public List<ReadinessCheck> readiness() {
        return List.of(new ReadinessCheck("journal replayed", () -> replayed.get() || isStandby()));
    }

    /** Another process coordinates: the oldest of them does. */
    private boolean isStandby() {
        Cluster cluster = Cluster.get(node.system());
        Member self = cluster.selfMember();
        return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
                .anyMatch(member -> member.getRoles().containsAll(self.getRoles()) && member.isOlderThan(self));
    }

    @Override
    public void close() {
        journal.close();
    }
}
