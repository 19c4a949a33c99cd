package dev.tutti.coordinator.api;

import dev.tutti.node.Membership;
import dev.tutti.proto.v1.ApiAnswer;
import dev.tutti.proto.v1.ApiCall;
import dev.tutti.proto.v1.CancelRequest;
import dev.tutti.proto.v1.GetJobRequest;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.JobsGrpc;
import dev.tutti.proto.v1.ListCheckpointsRequest;
import dev.tutti.proto.v1.ListCheckpointsResponse;
import dev.tutti.proto.v1.ListJobsRequest;
import dev.tutti.proto.v1.ListJobsResponse;
import dev.tutti.proto.v1.StopRequest;
import dev.tutti.proto.v1.SubmitRequest;
import dev.tutti.proto.v1.SubmitResponse;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.WatchRequest;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AskPattern;

/** Forwards every call to the coordinator, wherever it is, and its answer back. Thread-safe. */
public final class JobsService extends JobsGrpc.JobsImplBase {
    private final ActorSystem<?> system;
    private final Supplier<Optional<ActorRef<ToCoordinator>>> coordinator;
    private final Spawner spawner;
    private final Duration patience;
    private final Duration renewal;
    private final AtomicLong watches = new AtomicLong();

    /** Starts an actor of this process. */
    @FunctionalInterface
    public interface Spawner {
        <T> ActorRef<T> spawn(Behavior<T> behavior, String name);
    }

    /**
     * @param coordinator empty until this process has joined the cluster
     * @param patience how long a call waits for an answer
     * @param renewal how often a watch makes sure that the coordinator knows of it
     */
    public JobsService(
            ActorSystem<?> system,
            Supplier<Optional<ActorRef<ToCoordinator>>> coordinator,
            Spawner spawner,
            Duration patience,
            Duration renewal) {
        this.system = system;
        this.coordinator = coordinator;
        this.spawner = spawner;
        this.patience = patience;
        this.renewal = renewal;
    }

    @Override
    public void submit(SubmitRequest request, StreamObserver<SubmitResponse> caller) {
        call(ApiCall.newBuilder().setSubmit(request), caller, ApiAnswer::getSubmit);
    }

    @Override
    public void get(GetJobRequest request, StreamObserver<Job> caller) {
        call(ApiCall.newBuilder().setGet(request), caller, ApiAnswer::getJob);
    }

    @Override
    public void list(ListJobsRequest request, StreamObserver<ListJobsResponse> caller) {
        call(ApiCall.newBuilder().setList(request), caller, ApiAnswer::getList);
    }

    @Override
    public void stop(StopRequest request, StreamObserver<Job> caller) {
        call(ApiCall.newBuilder().setStop(request), caller, ApiAnswer::getJob);
    }

    @Override
    public void cancel(CancelRequest request, StreamObserver<Job> caller) {
        call(ApiCall.newBuilder().setCancel(request), caller, ApiAnswer::getJob);
    }

    @Override
    public void listCheckpoints(ListCheckpointsRequest request, StreamObserver<ListCheckpointsResponse> caller) {
        call(ApiCall.newBuilder().setCheckpoints(request), caller, ApiAnswer::getCheckpoints);
    }

    @Override
    public void watch(WatchRequest request, StreamObserver<JobEvent> caller) {
        Optional<ActorRef<ToCoordinator>> target = coordinator.get();
        if (target.isEmpty()) {
            caller.onError(stillStarting());
            return;
        }
        ServerCallStreamObserver<JobEvent> stream = (ServerCallStreamObserver<JobEvent>) caller;
        ActorRef<WatchStream.Message> watch = spawner.spawn(
                WatchStream.create(request.getId(), target.get(), stream, renewal, patience),
                "watch-" + watches.incrementAndGet());
        stream.setOnReadyHandler(() -> watch.tell(new WatchStream.Ready()));
        stream.setOnCancelHandler(() -> watch.tell(new WatchStream.Cancelled()));
    }

    private <T> void call(ApiCall.Builder call, StreamObserver<T> caller, Function<ApiAnswer, T> answer) {
        Optional<ActorRef<ToCoordinator>> target = coordinator.get();
        if (target.isEmpty()) {
            caller.onError(stillStarting());
            return;
        }
        AskPattern.<ToCoordinator, ApiAnswer>ask(
                        target.get(),
                        replyTo -> ToCoordinator.newBuilder()
                                .setSender(Membership.toString(system, replyTo))
                                .setApi(call)
                                .build(),
                        patience,
                        system.scheduler())
                .whenComplete((answered, failure) -> {
                    if (failure != null) {
                        caller.onError(ApiErrors.of(failure, patience));
                    } else if (answered.hasError()) {
                        caller.onError(ApiErrors.of(answered.getError()));
                    } else {
                        caller.onNext(answer.apply(answered));
                        caller.onCompleted();
                    }
                });
    }

    private static RuntimeException stillStarting() {
        return Status.UNAVAILABLE
                .withDescription("This coordinator is still joining its cluster; try again")
                .asRuntimeException();
    }
}
