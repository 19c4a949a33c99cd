package dev.tutti.client;

import dev.tutti.proto.v1.CancelRequest;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.GetJobRequest;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobsGrpc;
import dev.tutti.proto.v1.ListCheckpointsRequest;
import dev.tutti.proto.v1.ListJobsRequest;
import dev.tutti.proto.v1.StopRequest;
import dev.tutti.proto.v1.SubmitRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/** Talks to the Jobs service of a coordinator. Thread-safe; owns one connection, which {@link #close} ends. */
public final class TrainingClient implements AutoCloseable {
    private static final Duration DEADLINE = Duration.ofSeconds(15);
    private static final Duration RECONNECT_PATIENCE = Duration.ofSeconds(60);

    private final String coordinator;
    private final Duration deadline;
    private final Duration reconnectPatience;
    private final ManagedChannel channel;

    private TrainingClient(String coordinator, Duration deadline, Duration reconnectPatience) {
        this.coordinator = coordinator;
        this.deadline = deadline;
        this.reconnectPatience = reconnectPatience;
        this.channel = NettyChannelBuilder.forTarget("dns:///" + coordinator)
                .usePlaintext()
                .keepAliveTime(20, TimeUnit.SECONDS)
                .build();
    }

    /** @param coordinator host:port; nothing is sent yet */
    public static TrainingClient connect(String coordinator) {
        return connect(coordinator, DEADLINE, RECONNECT_PATIENCE);
    }

    /**
     * @param deadline of one request; a watch has none
     * @param reconnectPatience how long a watch tries to reach a coordinator that went away
     */
    public static TrainingClient connect(String coordinator, Duration deadline, Duration reconnectPatience) {
        return new TrainingClient(coordinator, deadline, reconnectPatience);
    }

    /**
     * Hands in a job.
     *
     * @param idempotencyKey the same key gives the same job, however often it is sent
     */
    public Job submit(JobSpec spec, String idempotencyKey) throws TrainingException {
        var request = SubmitRequest.newBuilder()
                .setSpec(spec)
                .setIdempotencyKey(idempotencyKey)
                .build();
        return call(jobs -> jobs.submit(request)).getJob();
    }

    public Job get(String id) throws TrainingException {
        return call(jobs -> jobs.get(GetJobRequest.newBuilder().setId(id).build()));
    }

    /** Newest first. */
    public List<Job> list(int limit) throws TrainingException {
        return call(jobs ->
                        jobs.list(ListJobsRequest.newBuilder().setLimit(limit).build()))
                .getJobsList();
    }

    /** The job as it is now, then every change until it has ended. Close it to stop watching; the job goes on. */
    public JobWatch watch(String id) {
        return new JobWatch(channel, id, coordinator, reconnectPatience);
    }

    /** Watches until the job has ended; {@code listener} is called in this thread. */
    public Job follow(String id, Consumer<JobEvent> listener) throws TrainingException {
        try (JobWatch watch = watch(id)) {
            Job last = Job.getDefaultInstance();
            while (watch.advance()) {
                listener.accept(watch.event());
                last = watch.event().getJob();
            }
            return last;
        }
    }

    /** Ends the job after its current step, with a checkpoint. */
    public Job stop(String id) throws TrainingException {
        return call(jobs -> jobs.stop(StopRequest.newBuilder().setId(id).build()));
    }

    /** Ends the job now, without a checkpoint. */
    public Job cancel(String id) throws TrainingException {
        return call(jobs -> jobs.cancel(CancelRequest.newBuilder().setId(id).build()));
    }

    /**
     * Oldest first.
     *
     * @param jobId empty: of all jobs
     */
    public List<Checkpoint> checkpoints(String jobId) throws TrainingException {
        var request = ListCheckpointsRequest.newBuilder().setJobId(jobId).build();
        return call(jobs -> jobs.listCheckpoints(request)).getCheckpointsList();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }

    private <T> T call(Function<JobsGrpc.JobsBlockingStub, T> request) throws TrainingException {
        try {
            return request.apply(JobsGrpc.newBlockingStub(channel).withDeadlineAfter(deadline));
        } catch (StatusRuntimeException e) {
            throw TrainingException.of(e, coordinator);
        }
    }
}
