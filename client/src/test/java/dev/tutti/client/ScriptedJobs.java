package dev.tutti.client;

import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.CancelRequest;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.GetJobRequest;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.JobsGrpc;
import dev.tutti.proto.v1.ListCheckpointsRequest;
import dev.tutti.proto.v1.ListCheckpointsResponse;
import dev.tutti.proto.v1.ListJobsRequest;
import dev.tutti.proto.v1.ListJobsResponse;
import dev.tutti.proto.v1.StopRequest;
import dev.tutti.proto.v1.SubmitRequest;
import dev.tutti.proto.v1.SubmitResponse;
import dev.tutti.proto.v1.WatchRequest;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A Jobs service on loopback that keeps what is submitted, and plays the given events to whoever watches. */
public final class ScriptedJobs extends JobsGrpc.JobsImplBase implements AutoCloseable {
    private static final int BELOW_EPHEMERAL_TRIES = 100;
    private static final Duration RELEASE = Duration.ofSeconds(10);
    private static final Duration RETRY = Duration.ofMillis(5);

    private final Map<String, Job> byKey = new LinkedHashMap<>();
    private final ConcurrentLinkedQueue<List<JobEvent>> watches = new ConcurrentLinkedQueue<>();
    private final Server server;

    private ScriptedJobs(int port) throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .addService(this)
                .build()
                .start();
    }

    /** At a port no outgoing connection is ever given, so that a server started again finds it free. */
    public static ScriptedJobs start() throws IOException {
        for (int port : new Random().ints(BELOW_EPHEMERAL_TRIES, 20_000, 32_000).toArray()) {
            try {
                return new ScriptedJobs(port);
            } catch (IOException _) {
                // Taken: the next one.
            }
        }
        throw new IOException("no free port between 20000 and 32000");
    }

    /** At the port of a closed one, whose socket is only released when its selector runs the next time. */
    public static ScriptedJobs startAt(int port) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + RELEASE.toNanos();
        while (true) {
            try {
                return new ScriptedJobs(port);
            } catch (IOException e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
                Thread.sleep(RETRY);
            }
        }
    }

    public String address() {
        return "127.0.0.1:" + port();
    }

    public int port() {
        return server.getPort();
    }

    /** What the next watcher sees before its stream ends. */
    public void play(JobEvent... events) {
        watches.add(List.of(events));
    }

    public static JobEvent event(Job job) {
        return JobEvent.newBuilder().setJob(job).build();
    }

    public static Job job(String id, JobState state) {
        return Job.newBuilder().setId(id).setState(state).build();
    }

    @Override
    public synchronized void submit(SubmitRequest request, StreamObserver<SubmitResponse> answer) {
        if (request.getSpec().getName().equals("refused")) {
            answer.onError(Status.INVALID_ARGUMENT
                    .withDescription("training.batch: must be at least 1")
                    .asRuntimeException());
            return;
        }
        Job job = byKey.computeIfAbsent(
                request.getIdempotencyKey(),
                _ -> job("job-" + (byKey.size() + 1), JobState.JOB_STATE_PLANNING).toBuilder()
                        .setSpec(request.getSpec())
                        .build());
        answer(answer, SubmitResponse.newBuilder().setJob(job).build());
    }

    @Override
    public synchronized void get(GetJobRequest request, StreamObserver<Job> answer) {
        find(request.getId(), answer).ifPresent(job -> answer(answer, job));
    }

    @Override
    public synchronized void list(ListJobsRequest request, StreamObserver<ListJobsResponse> answer) {
        answer(
                answer,
                ListJobsResponse.newBuilder()
                        .addAllJobs(byKey.values().stream()
                                .limit(request.getLimit())
                                .toList())
                        .build());
    }

    @Override
    public void watch(WatchRequest request, StreamObserver<JobEvent> answer) {
        List<JobEvent> events = watches.poll();
        if (events == null) {
            Optional<Job> known = known(request.getId());
            if (known.isPresent()) {
                answer(answer, event(known.get()));
                return;
            }
            answer.onError(Status.NOT_FOUND
                    .withDescription("there is no job " + request.getId())
                    .asRuntimeException());
            return;
        }
        events.forEach(answer::onNext);
        answer.onCompleted();
    }

    @Override
    public synchronized void stop(StopRequest request, StreamObserver<Job> answer) {
        find(request.getId(), answer)
                .ifPresent(job -> answer(
                        answer,
                        job.toBuilder().setState(JobState.JOB_STATE_STOPPING).build()));
    }

    @Override
    public synchronized void cancel(CancelRequest request, StreamObserver<Job> answer) {
        Optional<Job> open = known(request.getId()).filter(job -> !JobStates.ended(job.getState()));
        if (open.isEmpty()) {
            answer.onError(Status.FAILED_PRECONDITION
                    .withDescription("job " + request.getId() + " has already ended")
                    .asRuntimeException());
            return;
        }
        Job cancelled = job(request.getId(), JobState.JOB_STATE_CANCELLED);
        byKey.replaceAll((_, job) -> job.equals(open.get()) ? cancelled : job);
        answer(answer, cancelled);
    }

    @Override
    public void listCheckpoints(ListCheckpointsRequest request, StreamObserver<ListCheckpointsResponse> answer) {
        answer(
                answer,
                ListCheckpointsResponse.newBuilder()
                        .addCheckpoints(
                                Checkpoint.newBuilder().setJobId("job-1").setStep(500))
                        .build());
    }

    @Override
    public void close() {
        try {
            // Another server may want this port next.
            server.shutdownNow().awaitTermination();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized Optional<Job> known(String id) {
        return byKey.values().stream().filter(job -> job.getId().equals(id)).findFirst();
    }

    private Optional<Job> find(String id, StreamObserver<?> answer) {
        Optional<Job> found = known(id);
        if (found.isEmpty()) {
            answer.onError(
                    Status.NOT_FOUND.withDescription("there is no job " + id).asRuntimeException());
        }
        return found;
    }

    private static <T> void answer(StreamObserver<T> observer, T answer) {
        observer.onNext(answer);
        observer.onCompleted();
    }
}
