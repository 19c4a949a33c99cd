package dev.tutti.coordinator.api;

import dev.tutti.node.Membership;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.ApiAnswer;
import dev.tutti.proto.v1.ApiCall;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.UnwatchRequest;
import dev.tutti.proto.v1.WatchRequest;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * One reader of one job's events. Sends as fast as the reader takes them: of the progress it has not taken, only the newest is kept;
 * everything else is. Asks for the events again and again, so that a coordinator that has taken over learns of it.
 */
final class WatchStream {
    sealed interface Message {}

    private record FromCoordinator(ApiAnswer answer) implements Message {}

    record Ready() implements Message {}

    record Cancelled() implements Message {}

    private record Renew() implements Message {}

    private record Unanswered() implements Message {}

    private final ActorContext<Message> context;
    private final ActorRef<ApiAnswer> self;
    private final String job;
    private final ActorRef<ToCoordinator> coordinator;
    private final ServerCallStreamObserver<JobEvent> reader;
    private final Duration patience;
    private final PendingEvents pending = new PendingEvents();
    private boolean answered;

    static Behavior<Message> create(
            String job,
            ActorRef<ToCoordinator> coordinator,
            ServerCallStreamObserver<JobEvent> reader,
            Duration renewal,
            Duration patience) {
        return Behaviors.withTimers(timers -> Behaviors.setup(context -> {
            timers.startTimerWithFixedDelay(new Renew(), Duration.ZERO, renewal);
            timers.startSingleTimer(new Unanswered(), patience);
            return new WatchStream(context, job, coordinator, reader, patience).receive();
        }));
    }

    private WatchStream(
            ActorContext<Message> context,
            String job,
            ActorRef<ToCoordinator> coordinator,
            ServerCallStreamObserver<JobEvent> reader,
            Duration patience) {
        this.context = context;
        this.self = context.messageAdapter(ApiAnswer.class, FromCoordinator::new);
        this.job = job;
        this.coordinator = coordinator;
        this.reader = reader;
        this.patience = patience;
    }

    private Behavior<Message> receive() {
        return Behaviors.receive(Message.class).onAnyMessage(this::onMessage).build();
    }

    private Behavior<Message> onMessage(Message message) {
        return switch (message) {
            case Renew _ -> {
                call(ApiCall.newBuilder().setWatch(WatchRequest.newBuilder().setId(job)));
                yield Behaviors.same();
            }
            case FromCoordinator(var answer) -> {
                answered = true;
                yield received(answer);
            }
            case Unanswered _ -> {
                if (answered) {
                    yield Behaviors.same();
                }
                reader.onError(ApiErrors.unanswered(patience));
                yield unwatch();
            }
            case Ready _ -> send();
            case Cancelled _ -> unwatch();
        };
    }

    private Behavior<Message> received(ApiAnswer answer) {
        if (answer.hasError()) {
            reader.onError(ApiErrors.of(answer.getError()));
            return Behaviors.stopped();
        }
        pending.add(answer.getEvent());
        return send();
    }

    private Behavior<Message> send() {
        while (!pending.isEmpty() && reader.isReady()) {
            JobEvent event = pending.take();
            reader.onNext(event);
            if (event.hasState() && JobStates.ended(event.getState().getTo())) {
                reader.onCompleted();
                return unwatch();
            }
        }
        return Behaviors.same();
    }

    private Behavior<Message> unwatch() {
        call(ApiCall.newBuilder().setUnwatch(UnwatchRequest.newBuilder().setId(job)));
        return Behaviors.stopped();
    }

    private void call(ApiCall.Builder call) {
        coordinator.tell(ToCoordinator.newBuilder()
                .setSender(Membership.toString(context.getSystem(), self))
                .setApi(call)
                .build());
    }
}
