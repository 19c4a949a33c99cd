package dev.tutti.coordinator;

import dev.tutti.coordinator.checkpoint.CheckpointStore;
import dev.tutti.coordinator.job.Effect;
import dev.tutti.coordinator.job.Event;
import dev.tutti.proto.v1.JobEvent;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does what decisions ask for. */
final class EffectRunner {
    private static final Logger LOG = LoggerFactory.getLogger(EffectRunner.class);

    private final MemberDirectory members;
    private final ApiDesk desk;
    private final CheckpointStore checkpoints;
    private final CoordinatorMetrics metrics;
    private final Consumer<CompletableFuture<Event>> outcomes;

    /** @param outcomes takes what will have happened once a slow effect is done */
    EffectRunner(
            MemberDirectory members,
            ApiDesk desk,
            CheckpointStore checkpoints,
            CoordinatorMetrics metrics,
            Consumer<CompletableFuture<Event>> outcomes) {
        this.members = members;
        this.desk = desk;
        this.checkpoints = checkpoints;
        this.metrics = metrics;
        this.outcomes = outcomes;
    }

    void run(Effect effect) {
        switch (effect) {
            case Effect.SendToWorker(var worker, var message) -> members.tellWorker(worker, message);
            case Effect.GenerationStarted _ -> metrics.generationStarted();
            case Effect.SendToParameterServer(var server, var message) -> members.tellServer(server, message);
            case Effect.Publish(var event) -> {
                log(event);
                desk.publish(event);
            }
            case Effect.CompleteCheckpoint complete -> outcomes.accept(checkpoints.complete(complete));
            case Effect.PruneCheckpoints prune -> checkpoints.prune(prune);
            case Effect.Ignored(var job, var sentence) -> {
                metrics.messageIgnored();
                LOG.debug("{}: ignored: {}", job, sentence);
            }
        }
    }

    private static void log(JobEvent event) {
        if (event.hasState()) {
            LOG.info("{} is {}{}", event.getJob().getId(), event.getState().getTo(), suffix(event));
        } else if (event.hasNotice()) {
            LOG.info("{}: {}", event.getJob().getId(), event.getNotice().getText());
        }
    }

    private static String suffix(JobEvent event) {
        String reason = event.getJob().getReason();
        return reason.isEmpty() ? "" : ": " + reason;
    }
}
