package dev.tutti.client;

import dev.tutti.client.TrainingException.Category;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.JobsGrpc;
import dev.tutti.proto.v1.WatchRequest;
import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The events of one job, read by one thread: {@code while (watch.advance()) use(watch.event())}. Survives a coordinator that goes away and
 * comes back: it connects again and starts from the job as it is then. Any thread may close it, which wakes the reader.
 */
public final class JobWatch implements AutoCloseable {
    private static final long RETRY_MILLIS = 500;

    private final ManagedChannel channel;
    private final String id;
    private final String coordinator;
    private final Duration patience;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final CancellableContext context = Context.ROOT.withCancellation();
    private @Nullable Iterator<JobEvent> stream;
    private @Nullable JobEvent event;

    JobWatch(ManagedChannel channel, String id, String coordinator, Duration patience) {
        this.channel = channel;
        this.id = id;
        this.coordinator = coordinator;
        this.patience = patience;
    }

    /**
     * Waits for the next event.
     *
     * @return false once the job has ended and its last event was read, or this watch was closed
     */
    public boolean advance() throws TrainingException {
        long firstFailureNanos = 0;
        while (closed.getCount() > 0) {
            try {
                Iterator<JobEvent> events = open();
                if (events.hasNext()) {
                    event = events.next();
                    return true;
                }
                if (event != null && JobStates.ended(event.getJob().getState())) {
                    return false;
                }
                firstFailureNanos = retryOrThrow(
                        new TrainingException(
                                Category.UNREACHABLE,
                                "the coordinator at %s ended the watch of job %s, which goes on"
                                        .formatted(coordinator, id)),
                        firstFailureNanos);
            } catch (StatusRuntimeException e) {
                firstFailureNanos = retryOrThrow(TrainingException.of(e, coordinator), firstFailureNanos);
            }
        }
        return false;
    }

    /** The event {@link #advance} arrived at. */
    public JobEvent event() {
        if (event == null) {
            throw new IllegalStateException("advance() has not been called, or said there is no event");
        }
        return event;
    }

    @Override
    public void close() {
        closed.countDown();
        context.cancel(null);
    }

    private Iterator<JobEvent> open() {
        if (stream == null) {
            Context before = context.attach();
            try {
                stream = JobsGrpc.newBlockingStub(channel)
                        .watch(WatchRequest.newBuilder().setId(id).build());
            } finally {
                context.detach(before);
            }
        }
        return stream;
    }

    /**
     * @param firstFailureNanos when this wait first failed; 0 if this is the first time
     * @return the same, or now
     */
    private long retryOrThrow(TrainingException failure, long firstFailureNanos) throws TrainingException {
        boolean wasConnected = event != null;
        long since = firstFailureNanos == 0 ? System.nanoTime() : firstFailureNanos;
        boolean patient = System.nanoTime() - since < patience.toNanos();
        if (closed.getCount() > 0 && !(failure.category() == Category.UNREACHABLE && wasConnected && patient)) {
            throw failure;
        }
        stream = null;
        try {
            // Our pace, not the channel's growing one.
            channel.resetConnectBackoff();
            var _ = closed.await(RETRY_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TrainingException(Category.CANCELLED, "interrupted while waiting for the coordinator", e);
        }
        return since;
    }
}
