package dev.tutti.coordinator;

import dev.tutti.coordinator.job.ClusterState;
import dev.tutti.coordinator.job.Decision;
import dev.tutti.coordinator.job.Effect;
import dev.tutti.coordinator.job.Event;
import dev.tutti.coordinator.job.JobDecisions;
import dev.tutti.coordinator.job.JobRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Keeps the order: an event is decided on at once, on the state all events before it led to, but its effects run only when it and all
 * before it are in the journal. One append is under way at a time; what is decided meanwhile goes into the next together.
 *
 * <p>Owned by the coordinator's actor, used on its thread only.
 */
final class DecisionLog {
    private record Step(Optional<Event> event, Decision decision, Runnable then) {}

    private final Consumer<Effect> effects;
    private final Consumer<ClusterState> shower;
    private final Function<JobRecord, Optional<Event>> epilogue;
    private final Consumer<List<Event>> appender;
    private final Deque<Step> waiting = new ArrayDeque<>();
    private List<Step> appending = List.of();
    private ClusterState decided;
    private ClusterState durable;
    private long taken;

    /**
     * @param effects runs one
     * @param shower is told of every state that is in the journal
     * @param epilogue what else is to be journaled once a job has ended, with its end
     * @param appender begins an append; {@link #durable()} is called once it is done
     */
    DecisionLog(
            ClusterState state,
            Consumer<Effect> effects,
            Consumer<ClusterState> shower,
            Function<JobRecord, Optional<Event>> epilogue,
            Consumer<List<Event>> appender) {
        this.decided = state;
        this.durable = state;
        this.effects = effects;
        this.shower = shower;
        this.epilogue = epilogue;
        this.appender = appender;
    }

    /** What decisions are made on. */
    ClusterState decided() {
        return decided;
    }

    /** How much has been decided, or put after what was: unchanged after a call that has left no trace. */
    long taken() {
        return taken;
    }

    /** What is in the journal, and so may be shown. */
    ClusterState shown() {
        return durable;
    }

    /**
     * @param then runs after the effects, of a job's epilogue, too
     * @throws RuntimeException what {@link JobDecisions#decide} throws; nothing has happened then
     */
    void happened(Event event, Runnable then) {
        ClusterState before = decided;
        Decision decision = JobDecisions.decide(before, event);
        List<Event> epilogues = before.active().keySet().stream()
                .flatMap(job -> Optional.ofNullable(decision.state().ended().get(job)).stream())
                .flatMap(ended -> epilogue.apply(ended).stream())
                .toList();
        take(event, decision);
        epilogues.forEach(after -> take(after, JobDecisions.decide(decided, after)));
        // Whoever is answered sees all of it.
        afterwards(then);
    }

    private void take(Event event, Decision decision) {
        decided = decision.state();
        taken++;
        waiting.add(new Step(Optional.of(event), decision, () -> {}));
    }

    /** Runs something once all that was decided so far is in the journal. */
    void afterwards(Runnable then) {
        taken++;
        waiting.add(new Step(Optional.empty(), new Decision(decided, List.of(), false), then));
        advance();
    }

    /** The append under way is in the journal. */
    void durable() {
        List<Step> done = appending;
        appending = List.of();
        done.forEach(this::run);
        advance();
    }

    private void advance() {
        // What changes nothing needs no journal; it only has to wait for its turn.
        while (appending.isEmpty()
                && !waiting.isEmpty()
                && !waiting.getFirst().decision().changed()) {
            run(waiting.removeFirst());
        }
        if (appending.isEmpty() && !waiting.isEmpty()) {
            appending = new ArrayList<>(waiting);
            waiting.clear();
            appender.accept(appending.stream()
                    .filter(step -> step.decision().changed())
                    .flatMap(step -> step.event().stream())
                    .toList());
        }
    }

    private void run(Step step) {
        durable = step.decision().state();
        step.decision().effects().forEach(effects);
        if (step.decision().changed()) {
            shower.accept(durable);
        }
        step.then().run();
    }
}
