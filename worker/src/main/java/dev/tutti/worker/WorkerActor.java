package dev.tutti.worker;

import dev.tutti.node.Membership;
import dev.tutti.proto.v1.EndJob;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.InspectJob;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.v1.StartGeneration;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.ToWorker;
import dev.tutti.worker.training.Generation;
import dev.tutti.worker.training.GenerationRun;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker's side of the control plane: translates the coordinator's messages into calls, and drops those of an older coordinator. It
 * never blocks: planning and training have threads of their own.
 */
final class WorkerActor extends AbstractBehavior<ToWorker> {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerActor.class);

    private final WorkerDuties duties;
    private final String self;
    private final CoordinatorReports reports;
    private long newestEpoch;
    private Optional<GenerationRun> current = Optional.empty();

    static Behavior<ToWorker> behavior(WorkerDuties duties, ActorRef<ToCoordinator> coordinator) {
        return Behaviors.setup(context -> new WorkerActor(context, duties, coordinator));
    }

    private WorkerActor(ActorContext<ToWorker> context, WorkerDuties duties, ActorRef<ToCoordinator> coordinator) {
        super(context);
        this.duties = duties;
        this.self = Membership.toString(context.getSystem(), context.getSelf());
        this.reports = new CoordinatorReports(coordinator, self);
    }

    @Override
    public Receive<ToWorker> createReceive() {
        return newReceiveBuilder()
                .onMessage(ToWorker.class, this::receive)
                .onSignal(PostStop.class, _ -> stopped())
                .build();
    }

    private Behavior<ToWorker> receive(ToWorker message) {
        if (Long.compareUnsigned(message.getEpoch(), newestEpoch) < 0) {
            LOG.info(
                    "Dropped {} of the coordinator of epoch {}: epoch {} is in charge",
                    message.getKindCase(),
                    message.getEpoch(),
                    newestEpoch);
            duties.metrics().staleMessage();
            return this;
        }
        newestEpoch = message.getEpoch();
        switch (message.getKindCase()) {
            case WELCOME -> answer(message, hello());
            case INSPECT -> inspect(message, message.getInspect());
            case START -> start(message.getStart());
            case LEASE -> lease(message.getLease());
            case END -> end(message.getEnd());
            case KIND_NOT_SET -> LOG.warn("Dropped an empty message of {}", message.getCoordinator());
        }
        return this;
    }

    private ToCoordinator.Builder hello() {
        return ToCoordinator.newBuilder()
                .setHello(Hello.newBuilder()
                        .setMember(duties.member())
                        .setRole(Role.ROLE_WORKER)
                        .setNumerics(duties.numerics()));
    }

    private void inspect(ToWorker message, InspectJob request) {
        duties.plan(
                request, inspected -> answer(message, ToCoordinator.newBuilder().setInspected(inspected)));
    }

    /** A newer generation replaces the one that runs, of whichever job. */
    private void start(StartGeneration request) {
        if (current.filter(run ->
                        isOfJob(run, request.getJob()) && run.generation().number() >= request.getGeneration())
                .isPresent()) {
            LOG.info(
                    "Dropped the start of generation {} of job {}: it has started",
                    request.getGeneration(),
                    request.getJob());
            duties.metrics().staleMessage();
            return;
        }
        current.ifPresent(GenerationRun::cancel);
        current = Optional.of(duties.start(new Generation(request, duties.member()), reports, current));
    }

    private void lease(LeaseAnswer answer) {
        current.filter(run -> isOfJob(run, answer.getJob()) && run.generation().number() == answer.getGeneration())
                .ifPresentOrElse(run -> run.answer(answer), duties.metrics()::staleMessage);
    }

    private void end(EndJob request) {
        Optional<GenerationRun> run = current.filter(candidate -> isOfJob(candidate, request.getJob()));
        switch (request.getMode()) {
            case END_MODE_STOP_AFTER_STEP -> run.ifPresent(GenerationRun::stopAfterStep);
            case END_MODE_RELEASE, END_MODE_UNSPECIFIED, UNRECOGNIZED -> {
                run.ifPresent(GenerationRun::cancel);
                duties.forget(request.getJob());
            }
        }
    }

    private Behavior<ToWorker> stopped() {
        current.ifPresent(GenerationRun::cancel);
        return this;
    }

    /** To whoever asked, from any thread. */
    private void answer(ToWorker message, ToCoordinator.Builder answer) {
        ActorRef<ToCoordinator> asker = Membership.resolve(getContext().getSystem(), message.getCoordinator());
        asker.tell(answer.setSender(self).build());
    }

    private static boolean isOfJob(GenerationRun run, String job) {
        return run.generation().job().equals(job);
    }
}
