package dev.tutti.worker.training;

import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.proto.v1.WorkerFailed;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.proto.v1.WorkerProgress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Keeps what a generation reports. */
final class RecordedReports implements Reports {
    final List<WorkerProgress> progress = new CopyOnWriteArrayList<>();
    final List<EpochPart> epochs = new CopyOnWriteArrayList<>();
    final CompletableFuture<WorkerFinished> finished = new CompletableFuture<>();
    final CompletableFuture<WorkerFailed> failed = new CompletableFuture<>();
    /** Called on the training thread. */
    volatile Consumer<LeaseRequest> onLease = _ -> {};

    volatile Consumer<EpochPart> onEpoch = _ -> {};

    @Override
    public void progress(WorkerProgress report) {
        progress.add(report);
    }

    @Override
    public void epochPart(EpochPart part) {
        epochs.add(part);
        onEpoch.accept(part);
    }

    @Override
    public void lease(LeaseRequest request) {
        onLease.accept(request);
    }

    @Override
    public void finished(WorkerFinished report) {
        finished.complete(report);
    }

    @Override
    public void failed(WorkerFailed report) {
        failed.complete(report);
        finished.completeExceptionally(new IllegalStateException(report.getReason()));
    }
}
