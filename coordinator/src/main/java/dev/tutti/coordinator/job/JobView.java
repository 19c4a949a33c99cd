package dev.tutti.coordinator.job;

import dev.tutti.coordinator.job.Phase.Assembly;
import dev.tutti.coordinator.job.Phase.Halt;
import dev.tutti.proto.v1.Job;

/** A job as its users see it, with what is certain of its progress. */
public final class JobView {
    private JobView() {}

    public static Job of(JobRecord job) {
        Job.Builder view = Job.newBuilder()
                .setId(job.id())
                .setSpec(job.spec())
                .setState(job.state())
                .setReason(reason(job.phase()))
                .setSubmittedAtMillis(job.submittedAtMillis());
        job.training()
                .ifPresent(training -> view.setStartedAtMillis(training.startedAtMillis())
                        .setGeneration(training.generation())
                        .setProgress(KnownProgress.of(job, training))
                        .addAllEpochs(training.epochs().closed().values())
                        .addAllWorkers(training.team().workers())
                        .addAllParameterServers(training.team().servers())
                        .addAllCheckpoints(training.checkpoints().written().values()));
        if (job.phase() instanceof Phase.Ended ended) {
            view.setEndedAtMillis(ended.endedAtMillis());
            ended.result().ifPresent(view::setResult);
            ended.last().ifPresent(view::setProgress);
        }
        return view.build();
    }

    private static String reason(Phase phase) {
        return switch (phase) {
            case Phase.Planning(var inspector) ->
                inspector.isEmpty() ? "waits for a worker to look at data and model" : "";
            case Phase.Queued(var _, var reason) -> reason;
            case Phase.Starting(var _, var assembly) -> reason(assembly);
            case Phase.Running _ -> "";
            case Phase.Stopping(var _, Halt.Reopening(var assembly)) -> reason(assembly);
            case Phase.Stopping _ -> "";
            case Phase.Ended ended -> ended.reason();
        };
    }

    private static String reason(Assembly assembly) {
        return switch (assembly) {
            case Assembly.Gathering(var _, var reason) -> reason;
            case Assembly.Opening _ -> "";
        };
    }
}
