package dev.tutti.coordinator;

import dev.tutti.coordinator.checkpoint.CheckpointStore;
import dev.tutti.coordinator.job.ClusterState;
import dev.tutti.coordinator.job.Event;
import dev.tutti.coordinator.job.IllegalTransitionException;
import dev.tutti.coordinator.job.JobDecisions;
import dev.tutti.coordinator.job.RequestRefusedException;
import dev.tutti.coordinator.journal.JobJournal;
import dev.tutti.node.Membership;
import dev.tutti.proto.v1.ApiAnswer;
import dev.tutti.proto.v1.CheckpointPartFailed;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.ToCoordinator;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.ToWorker;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.StashBuffer;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster's one coordinator. Turns messages into events, has {@link JobDecisions} decide, and has {@link DecisionLog} journal
 * the event and run the effects; it decides nothing itself. The journal and the disk are used on a dispatcher that may block.
 */
final class CoordinatorActor {
    private static final Logger LOG = LoggerFactory.getLogger(CoordinatorActor.class);
    private static final int STASH = 10_000;

    /**
     * What the coordinator is given.
     *
     * @param replayed called once the journal has been replayed and this process coordinates
     * @param fatal called when it cannot go on: another coordinator has taken over, or the journal does not take events
     */
    record Surroundings(
            JobJournal journal,
            Path checkpointsFolder,
            Clock clock,
            RandomGenerator random,
            CoordinatorMetrics metrics,
            CoordinatorSettings settings,
            Runnable replayed,
            Consumer<Throwable> fatal) {}

    sealed interface Message {}

    private record Incoming(ToCoordinator message) implements Message {}

    private record WorkersListed(Set<ActorRef<ToWorker>> refs) implements Message {}

    private record ServersListed(Set<ActorRef<ToParameterServer>> refs) implements Message {}

    private record MemberGone(ActorRef<?> ref) implements Message {}

    private record WatcherGone(ActorRef<ApiAnswer> watcher) implements Message {}

    private record Replayed(long epoch, ClusterState state) implements Message {}

    private record Durable() implements Message {}

    /** Something this process itself did or waited for. */
    private record Happened(Event event) implements Message {}

    private record Broken(Throwable cause) implements Message {}

    private final Surroundings surroundings;
    private final ActorContext<Message> context;
    private final MemberDirectory members;
    private final ApiDesk desk;
    private final DecisionLog log;
    private final Executor blocking;

    static Behavior<ToCoordinator> create(Surroundings surroundings) {
        Behavior<Message> behavior = Behaviors.withStash(
                STASH,
                stash -> Behaviors.withTimers(timers -> Behaviors.setup(
                        context -> guarded(surroundings, () -> opening(surroundings, context, stash, timers)))));
        return Behaviors.transformMessages(
                ToCoordinator.class, behavior, builder -> builder.match(ToCoordinator.class, Incoming::new));
    }

    /** Takes an epoch and replays the journal; whatever comes meanwhile waits. */
    private static Behavior<Message> opening(
            Surroundings surroundings,
            ActorContext<Message> context,
            StashBuffer<Message> stash,
            TimerScheduler<Message> timers) {
        Executor blocking = blocking(context);
        context.pipeToSelf(
                CompletableFuture.supplyAsync(() -> replayed(surroundings.journal()), blocking),
                (replayed, failure) -> failure == null ? replayed : new Broken(failure));
        return Behaviors.receive(Message.class)
                .onAnyMessage(message -> guarded(surroundings, () -> switch (message) {
                    case Replayed replayed -> {
                        CoordinatorActor actor = new CoordinatorActor(surroundings, context, replayed);
                        actor.start(timers);
                        surroundings.replayed().run();
                        yield stash.unstashAll(actor.receive());
                    }
                    case Broken broken -> broken(surroundings, broken);
                    case Incoming _, WorkersListed _, ServersListed _, MemberGone _ -> kept(stash, message);
                    case WatcherGone _, Durable _, Happened _ -> kept(stash, message);
                }))
                .build();
    }

    private static Behavior<Message> kept(StashBuffer<Message> stash, Message message) {
        stash.stash(message);
        return Behaviors.same();
    }

    private static Replayed replayed(JobJournal journal) {
        long epoch = journal.takeEpoch();
        ClusterState[] state = {ClusterState.EMPTY};
        journal.replay(event -> state[0] = JobDecisions.decide(state[0], event).state());
        return new Replayed(epoch, state[0]);
    }

    private static Executor blocking(ActorContext<?> context) {
        return context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
    }

    private static Behavior<Message> broken(Surroundings surroundings, Broken broken) {
        surroundings.fatal().accept(broken.cause());
        return Behaviors.stopped();
    }

    private CoordinatorActor(Surroundings surroundings, ActorContext<Message> context, Replayed replayed) {
        this.surroundings = surroundings;
        this.context = context;
        this.blocking = blocking(context);
        String self = Membership.toString(context.getSystem(), context.getSelf());
        members = new MemberDirectory(replayed.epoch(), self);
        desk = new ApiDesk(surroundings, watcher -> context.watchWith(watcher, new WatcherGone(watcher)));
        EffectRunner effects = new EffectRunner(
                members,
                desk,
                new CheckpointStore(blocking, surroundings.clock()),
                surroundings.metrics(),
                done -> context.pipeToSelf(
                        done, (event, failure) -> failure == null ? new Happened(event) : new Broken(failure)));
        log = new DecisionLog(
                replayed.state(),
                effects::run,
                surroundings.metrics()::jobs,
                desk::lastProgress,
                events -> append(replayed.epoch(), events));
        desk.readsFrom(log);
        LOG.info(
                "coordinating with epoch {}: {} jobs under way, {} ended",
                replayed.epoch(),
                replayed.state().active().size(),
                replayed.state().ended().size());
        happened(new Event.CoordinatorStarted(now(), replayed.epoch()));
    }

    private void start(TimerScheduler<Message> timers) {
        timers.startSingleTimer(
                new Happened(new Event.RejoinExpired(
                        now() + surroundings.settings().rejoinPatience().toMillis())),
                surroundings.settings().rejoinPatience());
        ActorRef<Receptionist.Listing> listings =
                context.messageAdapter(Receptionist.Listing.class, CoordinatorActor::listed);
        context.getSystem().receptionist().tell(Receptionist.subscribe(Membership.WORKERS, listings));
        context.getSystem().receptionist().tell(Receptionist.subscribe(Membership.PARAMETER_SERVERS, listings));
    }

    private static Message listed(Receptionist.Listing listing) {
        return listing.isForKey(Membership.WORKERS)
                ? new WorkersListed(listing.getServiceInstances(Membership.WORKERS))
                : new ServersListed(listing.getServiceInstances(Membership.PARAMETER_SERVERS));
    }

    private Behavior<Message> receive() {
        return Behaviors.receive(Message.class)
                .onAnyMessage(message -> guarded(surroundings, () -> onMessage(message)))
                .build();
    }

    /** A coordinator whose state may be wrong must not go on; the next one starts from the journal. */
    private static Behavior<Message> guarded(Surroundings surroundings, Supplier<Behavior<Message>> reaction) {
        try {
            return reaction.get();
        } catch (RuntimeException e) {
            return broken(surroundings, new Broken(e));
        }
    }

    private Behavior<Message> onMessage(Message message) {
        switch (message) {
            case Incoming(var incoming) -> incoming(incoming);
            case WorkersListed(var refs) -> refs.forEach(ref -> greet(ref, members.greetWorker(ref)));
            case ServersListed(var refs) -> refs.forEach(ref -> greet(ref, members.greetServer(ref)));
            case MemberGone(var ref) ->
                members.gone(ref).ifPresent(member -> happened(new Event.MemberLost(now(), member)));
            case WatcherGone(var watcher) -> desk.forget(watcher);
            case Happened(var event) -> happened(event);
            case Durable _ -> log.durable();
            case Replayed _ -> throw new IllegalStateException("the journal was replayed twice");
            case Broken broken -> {
                return broken(surroundings, broken);
            }
        }
        return Behaviors.same();
    }

    private void greet(ActorRef<?> ref, boolean isNew) {
        if (isNew) {
            context.watchWith(ref, new MemberGone(ref));
        }
    }

    private void incoming(ToCoordinator message) {
        switch (message.getKindCase()) {
            case HELLO -> hello(message.getHello(), message.getSender());
            case INSPECTED -> happened(new Event.Inspected(now(), message.getInspected()));
            case SHARD_OPENED -> happened(new Event.ShardReady(now(), message.getShardOpened()));
            case SHARD_FAILED -> happened(new Event.ShardBroken(now(), message.getShardFailed()));
            case CHECKPOINT_PART -> happened(new Event.PartWritten(now(), message.getCheckpointPart()));
            case CHECKPOINT_PART_FAILED -> partFailed(message.getCheckpointPartFailed());
            case EPOCH_PART -> happened(new Event.EpochShare(now(), message.getEpochPart()));
            case LEASE -> happened(new Event.LeaseAsked(now(), message.getLease()));
            case FINISHED -> happened(new Event.WorkerDone(now(), message.getFinished()));
            case FAILED -> happened(new Event.WorkerBroken(now(), message.getFailed()));
            case PROGRESS -> desk.progress(message.getProgress()).ifPresent(this::published);
            case API -> desk.answer(message.getApi(), resolve(message.getSender()));
            case KIND_NOT_SET -> surroundings.metrics().messageIllegal();
        }
    }

    private void partFailed(CheckpointPartFailed report) {
        happened(new Event.CheckpointFailed(
                now(), report.getJob(), report.getStep(), "shard " + report.getShard() + ": " + report.getReason()));
    }

    private void published(JobEvent event) {
        desk.publish(event);
    }

    private void hello(Hello hello, String sender) {
        if (members.introduced(hello, resolve(sender))) {
            happened(new Event.MemberJoined(now(), hello));
        }
    }

    private <T> ActorRef<T> resolve(String ref) {
        return Membership.resolve(context.getSystem(), ref);
    }

    private void happened(Event event) {
        try {
            log.happened(event, () -> {});
        } catch (IllegalTransitionException e) {
            surroundings.metrics().messageIllegal();
            LOG.warn("{}", e.getMessage());
        } catch (RequestRefusedException e) {
            surroundings.metrics().messageIgnored();
            LOG.debug("ignored: {}", e.getMessage());
        }
    }

    private void append(long epoch, List<Event> events) {
        List<Event> batch = new ArrayList<>(events);
        context.pipeToSelf(
                CompletableFuture.runAsync(
                        () -> surroundings
                                .metrics()
                                .append(() -> surroundings.journal().append(epoch, batch)),
                        blocking),
                (_, failure) -> failure == null ? new Durable() : new Broken(failure));
    }

    private long now() {
        return surroundings.clock().millis();
    }
}
