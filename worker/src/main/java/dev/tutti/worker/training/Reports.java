package dev.tutti.worker.training;

import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.proto.v1.WorkerFailed;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.proto.v1.WorkerProgress;

/** What a running generation tells the coordinator. Called on the training thread; returns at once. */
public interface Reports {
    void progress(WorkerProgress progress);

    void epochPart(EpochPart part);

    void lease(LeaseRequest request);

    void finished(WorkerFinished finished);

    void failed(WorkerFailed failed);
}
