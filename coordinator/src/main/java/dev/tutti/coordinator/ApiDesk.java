package dev.tutti.coordinator;

import dev.tutti.coordinator.job.ClusterState;
import dev.tutti.coordinator.job.Event;
import dev.tutti.coordinator.job.JobRecord;
import dev.tutti.coordinator.job.LiveProgress;
import dev.tutti.coordinator.job.RequestRefusedException;
import dev.tutti.coordinator.job.RequestRefusedException.Refusal;
import dev.tutti.coordinator.job.Submissions;
import dev.tutti.coordinator.job.Submissions.Submission;
import dev.tutti.proto.v1.ApiAnswer;
import dev.tutti.proto.v1.ApiCall;
import dev.tutti.proto.v1.ApiError;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.ListCheckpointsResponse;
import dev.tutti.proto.v1.ListJobsResponse;
import dev.tutti.proto.v1.StateChanged;
import dev.tutti.proto.v1.SubmitRequest;
import dev.tutti.proto.v1.SubmitResponse;
import dev.tutti.proto.v1.WorkerProgress;
import io.grpc.Status;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers users' calls, and tells watchers. Shows only what is in the journal. Owned by the coordinator's actor. */
final class ApiDesk {
    private static final Logger LOG = LoggerFactory.getLogger(ApiDesk.class);
    private static final int DEFAULT_LIMIT = 100;

    private final CoordinatorActor.Surroundings surroundings;
    private final Consumer<ActorRef<ApiAnswer>> watch;
    private final Submissions submissions;
    private final LiveProgress progress = new LiveProgress();
    private final Map<String, Set<ActorRef<ApiAnswer>>> watchers = new HashMap<>();
    private @Nullable DecisionLog log;

    /** @param watch asks to be told when a watcher is gone */
    ApiDesk(CoordinatorActor.Surroundings surroundings, Consumer<ActorRef<ApiAnswer>> watch) {
        this.surroundings = surroundings;
        this.watch = watch;
        submissions = new Submissions(surroundings.random(), surroundings.checkpointsFolder());
    }

    void readsFrom(DecisionLog decisions) {
        log = decisions;
    }

    private DecisionLog log() {
        if (log == null) {
            throw new IllegalStateException("a call before the coordinator has started");
        }
        return log;
    }

    void answer(ApiCall call, ActorRef<ApiAnswer> caller) {
        long taken = log().taken();
        try {
            switch (call.getKindCase()) {
                case SUBMIT -> submit(call.getSubmit(), caller);
                case GET -> caller.tell(job(call.getGet().getId()));
                case LIST -> caller.tell(list(call.getList().getLimit()));
                case STOP -> {
                    String id = call.getStop().getId();
                    log().happened(new Event.StopAsked(now(), id), () -> caller.tell(job(id)));
                }
                case CANCEL -> {
                    String id = call.getCancel().getId();
                    log().happened(new Event.CancelAsked(now(), id), () -> caller.tell(job(id)));
                }
                case CHECKPOINTS ->
                    caller.tell(checkpoints(call.getCheckpoints().getJobId()));
                case WATCH -> watch(call.getWatch().getId(), caller);
                case UNWATCH -> forget(caller);
                case KIND_NOT_SET ->
                    caller.tell(error(Status.Code.UNIMPLEMENTED, "This coordinator does not know the call"));
            }
        } catch (RequestRefusedException e) {
            caller.tell(error(code(e.refusal()), String.valueOf(e.getMessage())));
        } catch (RuntimeException e) {
            if (log().taken() != taken) {
                throw e;
            }
            // Nothing was decided, so the state is as right as it was; only this caller is concerned.
            LOG.error("a {} call failed", call.getKindCase(), e);
            caller.tell(error(Status.Code.INTERNAL, "The coordinator could not answer: " + e));
        }
    }

    private static Status.Code code(Refusal refusal) {
        return switch (refusal) {
            case INVALID_ARGUMENT -> Status.Code.INVALID_ARGUMENT;
            case NOT_FOUND -> Status.Code.NOT_FOUND;
            case ALREADY_EXISTS -> Status.Code.ALREADY_EXISTS;
            case FAILED_PRECONDITION -> Status.Code.FAILED_PRECONDITION;
        };
    }

    private static ApiAnswer error(Status.Code code, String sentence) {
        return ApiAnswer.newBuilder()
                .setError(ApiError.newBuilder().setCode(code.value()).setMessage(sentence))
                .build();
    }

    private void submit(SubmitRequest request, ActorRef<ApiAnswer> caller) {
        switch (submissions.take(log().decided(), request, now())) {
            case Submission.New(var event) -> log().happened(event, () -> submitted(event.id(), caller));
            // Answered in turn, as the first request may not be in the journal yet.
            case Submission.Known(var id) -> log().afterwards(() -> submitted(id, caller));
        }
    }

    private void submitted(String id, ActorRef<ApiAnswer> caller) {
        caller.tell(ApiAnswer.newBuilder()
                .setSubmit(SubmitResponse.newBuilder().setJob(view(known(id))))
                .build());
    }

    private ApiAnswer job(String id) {
        return ApiAnswer.newBuilder().setJob(view(known(id))).build();
    }

    private JobRecord known(String id) {
        return log().shown()
                .job(id)
                .orElseThrow(() -> new RequestRefusedException(Refusal.NOT_FOUND, "There is no job " + id));
    }

    private Job view(JobRecord job) {
        return progress.view(job, now());
    }

    private ApiAnswer list(int limit) {
        if (limit < 0) {
            throw new RequestRefusedException(
                    Refusal.INVALID_ARGUMENT,
                    "The limit must be 0 to " + Integer.MAX_VALUE + ", got " + Integer.toUnsignedLong(limit));
        }
        List<Job> jobs = log().shown()
                .jobs()
                .sorted(Comparator.comparingLong(JobRecord::submittedAtMillis).reversed())
                .limit(limit == 0 ? DEFAULT_LIMIT : limit)
                // Many jobs of many epochs would be more than a message carries.
                .map(job -> withNewestOnly(view(job)))
                .toList();
        return ApiAnswer.newBuilder()
                .setList(ListJobsResponse.newBuilder().addAllJobs(jobs))
                .build();
    }

    private static Job withNewestOnly(Job job) {
        Job.Builder listed = job.toBuilder().clearEpochs().clearCheckpoints();
        if (job.getEpochsCount() > 0) {
            listed.addEpochs(job.getEpochsList().getLast());
        }
        if (job.getCheckpointsCount() > 0) {
            listed.addCheckpoints(job.getCheckpointsList().getLast());
        }
        return listed.build();
    }

    private ApiAnswer checkpoints(String id) {
        ClusterState state = log().shown();
        Stream<JobRecord> jobs = id.isEmpty() ? state.jobs() : Stream.of(known(id));
        List<Checkpoint> checkpoints = jobs.flatMap(job -> view(job).getCheckpointsList().stream())
                .sorted(Comparator.comparingLong(Checkpoint::getWrittenAtMillis))
                .toList();
        return ApiAnswer.newBuilder()
                .setCheckpoints(ListCheckpointsResponse.newBuilder().addAllCheckpoints(checkpoints))
                .build();
    }

    private void watch(String id, ActorRef<ApiAnswer> watcher) {
        JobRecord job = known(id);
        if (watchers.computeIfAbsent(id, _ -> new LinkedHashSet<>()).add(watcher)) {
            watch.accept(watcher);
            watcher.tell(event(JobEvent.newBuilder()
                    .setAtMillis(now())
                    .setJob(view(job))
                    .setState(StateChanged.newBuilder().setFrom(job.state()).setTo(job.state()))
                    .build()));
        }
    }

    void forget(ActorRef<ApiAnswer> watcher) {
        watchers.values().forEach(ofJob -> ofJob.remove(watcher));
        watchers.values().removeIf(Set::isEmpty);
    }

    /** Empty if the report comes too late. */
    Optional<JobEvent> progress(WorkerProgress report) {
        Optional<JobEvent> event = progress.add(log().shown().job(report.getJob()), report, now());
        if (event.isEmpty()) {
            surroundings.metrics().messageIgnored();
        }
        return event;
    }

    /** What is journaled together with a job's end. */
    Optional<Event> lastProgress(JobRecord ended) {
        return progress.last(ended, now());
    }

    void publish(JobEvent event) {
        String id = event.getJob().getId();
        Set<ActorRef<ApiAnswer>> ofJob = watchers.getOrDefault(id, Set.of());
        if (!ofJob.isEmpty()) {
            ApiAnswer answer = event(
                    event.hasProgress()
                            ? event
                            : progress.with(event, log().shown().job(id), now()));
            ofJob.forEach(watcher -> watcher.tell(answer));
        }
        if (event.hasState()) {
            log().shown().job(id).ifPresent(progress::forgetIfEnded);
        }
    }

    private static ApiAnswer event(JobEvent event) {
        return ApiAnswer.newBuilder().setEvent(event).build();
    }

    private long now() {
        return surroundings.clock().millis();
    }
}
