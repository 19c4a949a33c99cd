package dev.tutti.worker;

import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.WorkerFailed;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.proto.v1.WorkerProgress;
import dev.tutti.worker.training.Reports;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Sends reports of a running job to the coordinator, whichever process it is in. Thread-safe.
 *
 * @param coordinator the singleton's proxy, which keeps messages while there is none
 * @param self the worker's actor, as it stands in messages
 */
record CoordinatorReports(ActorRef<ToCoordinator> coordinator, String self) implements Reports {
    @Override
    public void progress(WorkerProgress progress) {
        coordinator.tell(message().setProgress(progress).build());
    }

    @Override
    public void epochPart(EpochPart part) {
        coordinator.tell(message().setEpochPart(part).build());
    }

    @Override
    public void lease(LeaseRequest request) {
        coordinator.tell(message().setLease(request).build());
    }

    @Override
    public void finished(WorkerFinished finished) {
        coordinator.tell(message().setFinished(finished).build());
    }

    @Override
    public void failed(WorkerFailed failed) {
        coordinator.tell(message().setFailed(failed).build());
    }

    private ToCoordinator.Builder message() {
        return ToCoordinator.newBuilder().setSender(self);
    }
}
