package dev.tutti.worker;

import dev.tutti.node.Membership;
import dev.tutti.node.NodeContext;
import dev.tutti.node.ReadinessCheck;
import dev.tutti.node.RoleComponent;
import dev.tutti.proto.v1.ToWorker;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.worker.data.DataShelf;
import dev.tutti.worker.data.MnistDownload;
import dev.tutti.worker.metrics.WorkerMetrics;
import dev.tutti.worker.training.GenerationRun.Surroundings;
import dev.tutti.worker.training.JobData;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.receptionist.Receptionist;

/** A worker in its node: one actor, registered with the receptionist, and the threads it starts. */
final class WorkerRole implements RoleComponent {
    private final NodeContext node;
    private final WorkerDuties duties;

    WorkerRole(NodeContext node, Backend backend) {
        this.node = node;
        JobData data = new JobData(
                node.config().data().folder(), new MnistDownload(MnistDownload.PUBLIC_MIRRORS), new DataShelf());
        Surroundings surroundings =
                new Surroundings(backend, data, new WorkerMetrics(node.meters()), System::nanoTime, node::fatal);
        this.duties = new WorkerDuties(node.member(), surroundings);
    }

    @Override
    public List<ServerServiceDefinition> services() {
        return List.of();
    }

    @Override
    public void joined() {
        ActorRef<ToWorker> worker =
                node.spawn(WorkerActor.behavior(duties, Membership.coordinator(node.system())), "worker");
        node.system().receptionist().tell(Receptionist.register(Membership.WORKERS, worker));
    }

    @Override
    public List<ReadinessCheck> readiness() {
        return List.of();
    }

    @Override
    public void close() {
        duties.close();
    }
}
