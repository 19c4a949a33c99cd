package dev.tutti.client.report;

import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.EpochResult;
import dev.tutti.proto.v1.Evaluation;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobResult;
import dev.tutti.proto.wording.Words;
import java.time.Instant;
import java.util.List;

/** Jobs as tables for a person. */
public final class JobTables {
    private JobTables() {}

    /** How a job ended. */
    public static String result(Job job, double wallSeconds) {
        return outcome(job).row("wall time", Figures.span(wallSeconds)) + sample(job);
    }

    /** What a language model writes, below everything else; characters that command a terminal are shown as unknown ones. */
    private static String sample(Job job) {
        String sample = job.getResult().getSample().replaceAll("[\\p{Cc}&&[^\n\t]]", "\uFFFD");
        return sample.isEmpty() ? "" : "\nwhat the model writes\n---------------------\n" + sample.strip() + "\n";
    }

    private static Table outcome(Job job) {
        var result = job.getResult();
        var table = new Table().row("job", job.getId() + "  " + JobStates.name(job.getState()));
        if (!job.getReason().isEmpty()) {
            table.row("reason", job.getReason());
        }
        if (job.hasResult()) {
            table.row(
                    "training",
                    "%s samples in %s steps, %s (%s samples/s), loss %s"
                            .formatted(
                                    Figures.count(result.getSamples()),
                                    Figures.count(result.getSteps()),
                                    Figures.span(result.getTrainingSeconds()),
                                    Figures.count(Math.round(
                                            result.getSamples() / Math.max(1e-9, result.getTrainingSeconds()))),
                                    Figures.loss(result)));
            if (JobReport.isF16(job)) {
                table.row("skipped", skipped(result));
            }
            if (result.hasValidation()) {
                table.row("validation", evaluation(result.getValidation()));
            }
            if (result.hasTest()) {
                table.row("test", evaluation(result.getTest()));
            }
            table.row("parameters", Figures.count(result.getParameters()) + "  sha256 " + result.getParametersSha256());
        } else if (job.getProgress().getTotalSteps() > 0) {
            table.row("progress", progress(job));
        }
        JobReport.lastCheckpoint(job).ifPresent(path -> table.row("checkpoint", path));
        if (job.getWorkersCount() > 0) {
            table.row("cluster", cluster(job));
        }
        return table;
    }

    private static String skipped(JobResult result) {
        return "%s of %s steps, whose gradients overflowed in f16"
                .formatted(Figures.count(result.getSkippedSteps()), Figures.count(result.getSteps()));
    }

    private static String progress(Job job) {
        var progress = job.getProgress();
        return "step %s of %s, epoch %d of %d%s"
                .formatted(
                        Figures.count(progress.getStep()),
                        Figures.count(progress.getTotalSteps()),
                        progress.getEpoch(),
                        job.getSpec().getTraining().getEpochs(),
                        progress.getStep() == 0 ? "" : ", loss " + loss(job));
    }

    private static String cluster(Job job) {
        String backend = job.getResult().getBackend();
        return "%s, %s%s, %s"
                .formatted(
                        Words.count(job.getWorkersCount(), "worker"),
                        Words.count(job.getParameterServersCount(), "parameter server"),
                        backend.isEmpty() ? "" : ", " + backend,
                        JobReport.precision(job.getSpec().getTraining().getPrecision()));
    }

    public static String list(List<Job> jobs) {
        var table = new Table().row("ID", "NAME", "STATE", "EPOCH", "STEP", "LOSS", "SUBMITTED", "REASON");
        for (Job job : jobs) {
            var progress = job.getProgress();
            table.row(
                    job.getId(),
                    job.getSpec().getName(),
                    JobStates.name(job.getState()),
                    progress.getEpoch() + "/" + job.getSpec().getTraining().getEpochs(),
                    progress.getStep() + "/" + progress.getTotalSteps(),
                    loss(job),
                    Figures.moment(job.getSubmittedAtMillis()),
                    job.getReason());
        }
        return table.toString();
    }

    /** Of the last epoch once there is a result, of the last reports before. */
    private static String loss(Job job) {
        if (job.hasResult()) {
            return Figures.loss(job.getResult());
        }
        return job.getProgress().getStep() == 0 ? "" : Figures.loss(job.getProgress());
    }

    /** A job with its members and epochs. */
    public static String description(Job job, Instant now) {
        Table table = outcome(job);
        if (job.getWorkersCount() > 0) {
            table.row("workers", String.join(", ", job.getWorkersList()));
            table.row("servers", String.join(", ", job.getParameterServersList()));
        }
        table.row("wall time", Figures.span(JobReport.seconds(job, now)));
        var text = new StringBuilder(table.toString());
        if (job.getEpochsCount() > 0) {
            var epochs = new Table().row("EPOCH", "STEP", "LOSS", "VALIDATION", "TIME");
            for (EpochResult epoch : job.getEpochsList()) {
                epochs.row(
                        Integer.toString(epoch.getEpoch()),
                        Figures.count(epoch.getStep()),
                        Figures.loss(epoch),
                        epoch.hasValidation() ? evaluation(epoch.getValidation()) : "",
                        Figures.span(epoch.getSeconds()));
            }
            text.append('\n').append(epochs);
        }
        return text + sample(job);
    }

    public static String checkpoints(List<Checkpoint> checkpoints) {
        var table = new Table().row("JOB", "STEP", "SIZE", "WRITTEN", "PATH");
        for (Checkpoint checkpoint : checkpoints) {
            table.row(
                    checkpoint.getJobId(),
                    Long.toString(checkpoint.getStep()),
                    Figures.bytes(checkpoint.getBytes()),
                    Figures.moment(checkpoint.getWrittenAtMillis()),
                    checkpoint.getPath());
        }
        return table.toString();
    }

    static String evaluation(Evaluation evaluation) {
        String loss = "loss " + Figures.loss(evaluation.getLoss());
        String accuracy = evaluation.hasAccuracy() ? ", accuracy " + Figures.percent(evaluation.getAccuracy()) : "";
        String perplexity =
                evaluation.hasPerplexity() ? ", perplexity " + Figures.perplexity(evaluation.getPerplexity()) : "";
        String counted = evaluation.hasLabels()
                ? ", of which %s labels count".formatted(Figures.count(evaluation.getLabels()))
                : "";
        return loss + perplexity + accuracy + " (" + Figures.count(evaluation.getSamples()) + " samples" + counted
                + ")";
    }
}
