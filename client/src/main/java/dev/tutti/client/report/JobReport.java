package dev.tutti.client.report;

import dev.tutti.client.yaml.SpecTree;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.EpochResult;
import dev.tutti.proto.v1.Evaluation;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.Precision;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is known of a job, as data. What is not known yet, or never will be, is null. */
public final class JobReport {
    private JobReport() {}

    /**
     * The object {@code train} and {@code quickstart} print.
     *
     * @param wallSeconds of the whole command
     */
    public static Map<String, @Nullable Object> result(Job job, double wallSeconds) {
        var result = job.getResult();
        boolean done = job.hasResult();
        var report = new LinkedHashMap<String, @Nullable Object>();
        report.put("job_id", job.getId());
        report.put("state", JobStates.name(job.getState()));
        if (!job.getReason().isEmpty()) {
            report.put("reason", job.getReason());
        }
        report.put("epochs", job.getEpochsCount());
        report.put("steps", done ? result.getSteps() : job.getProgress().getStep());
        if (isF16(job)) {
            report.put("skipped_steps", done ? result.getSkippedSteps() : null);
        }
        report.put("samples", done ? result.getSamples() : job.getProgress().getSamples());
        report.put("train_loss", trainLoss(job));
        report.put("validation", validation(job));
        report.put("test", result.hasTest() ? evaluation(result.getTest()) : null);
        report.put("wall_seconds", millis(wallSeconds));
        report.put("training_seconds", done ? millis(result.getTrainingSeconds()) : null);
        report.put("samples_per_second", done ? perSecond(result.getSamples(), result.getTrainingSeconds()) : null);
        report.put("parameters", done ? result.getParameters() : null);
        report.put("parameters_sha256", text(result.getParametersSha256()));
        report.put("checkpoint", lastCheckpoint(job).orElse(null));
        report.put("workers", job.getWorkersCount());
        report.put("parameter_servers", job.getParameterServersCount());
        report.put("generations", job.getGeneration());
        report.put("backend", text(result.getBackend()));
        report.put("precision", precision(job.getSpec().getTraining().getPrecision()));
        if (!result.getSample().isEmpty()) {
            report.put("sample", result.getSample());
        }
        return report;
    }

    /** Everything about a job, for {@code jobs describe}. */
    public static Map<String, @Nullable Object> description(Job job, Instant now) {
        var report = new LinkedHashMap<String, @Nullable Object>();
        report.put("name", job.getSpec().getName());
        report.putAll(result(job, seconds(job, now)));
        report.put("submitted_at", moment(job.getSubmittedAtMillis()));
        report.put("started_at", moment(job.getStartedAtMillis()));
        report.put("ended_at", moment(job.getEndedAtMillis()));
        report.put("total_steps", job.getProgress().getTotalSteps());
        report.put(
                "epoch_results",
                job.getEpochsList().stream().map(JobReport::epoch).toList());
        report.put("worker_names", List.copyOf(job.getWorkersList()));
        report.put("parameter_server_names", List.copyOf(job.getParameterServersList()));
        report.put(
                "checkpoints",
                job.getCheckpointsList().stream().map(JobReport::checkpoint).toList());
        report.put("spec", SpecTree.of(job.getSpec()));
        return report;
    }

    /** A job of {@code jobs list}, which comes with the last of its epochs and checkpoints only: what {@link #description} says but for those. */
    public static Map<String, @Nullable Object> summary(Job job, Instant now) {
        Map<String, @Nullable Object> report = description(job, now);
        report.put(
                "epochs",
                job.hasResult()
                        ? job.getSpec().getTraining().getEpochs()
                        : Math.max(0, job.getProgress().getEpoch() - 1));
        report.remove("epoch_results");
        report.remove("checkpoints");
        return report;
    }

    public static Map<String, @Nullable Object> checkpoint(Checkpoint checkpoint) {
        var report = new LinkedHashMap<String, @Nullable Object>();
        report.put("job_id", checkpoint.getJobId());
        report.put("step", checkpoint.getStep());
        report.put("path", checkpoint.getPath());
        report.put("bytes", checkpoint.getBytes());
        report.put("written_at", moment(checkpoint.getWrittenAtMillis()));
        return report;
    }

    private static Map<String, @Nullable Object> epoch(EpochResult epoch) {
        var report = new LinkedHashMap<String, @Nullable Object>();
        report.put("epoch", epoch.getEpoch());
        report.put("step", epoch.getStep());
        report.put("train_loss", epoch.hasTrainLoss() ? finite(epoch.getTrainLoss()) : null);
        report.put("validation", epoch.hasValidation() ? evaluation(epoch.getValidation()) : null);
        report.put("seconds", millis(epoch.getSeconds()));
        return report;
    }

    static Map<String, @Nullable Object> evaluation(Evaluation evaluation) {
        var report = new LinkedHashMap<String, @Nullable Object>();
        report.put("loss", finite(evaluation.getLoss()));
        if (evaluation.hasAccuracy()) {
            report.put("accuracy", evaluation.getAccuracy());
        }
        if (evaluation.hasPerplexity()) {
            report.put("perplexity", finite(evaluation.getPerplexity()));
        }
        report.put("samples", evaluation.getSamples());
        if (evaluation.hasLabels()) {
            report.put("labels", evaluation.getLabels());
        }
        return report;
    }

    private static @Nullable Object validation(Job job) {
        if (job.getResult().hasValidation()) {
            return evaluation(job.getResult().getValidation());
        }
        return lastEpoch(job)
                .filter(EpochResult::hasValidation)
                .map(epoch -> evaluation(epoch.getValidation()))
                .orElse(null);
    }

    /** Of the last epoch once there is a result, of the last reports before. */
    private static @Nullable Object trainLoss(Job job) {
        if (job.hasResult()) {
            return job.getResult().hasTrainLoss() ? finite(job.getResult().getTrainLoss()) : null;
        }
        return job.getProgress().hasLoss() ? finite(job.getProgress().getLoss()) : null;
    }

    static Optional<String> lastCheckpoint(Job job) {
        if (!job.getResult().getCheckpoint().isEmpty()) {
            return Optional.of(job.getResult().getCheckpoint());
        }
        return job.getCheckpointsList().stream().map(Checkpoint::getPath).reduce((_, later) -> later);
    }

    private static Optional<EpochResult> lastEpoch(Job job) {
        return job.getEpochsCount() == 0 ? Optional.empty() : Optional.of(job.getEpochs(job.getEpochsCount() - 1));
    }

    /** From submission to the end, or to now. */
    static double seconds(Job job, Instant now) {
        long end = job.getEndedAtMillis() == 0 ? now.toEpochMilli() : job.getEndedAtMillis();
        return (end - job.getSubmittedAtMillis()) / 1000.0;
    }

    private static @Nullable Object perSecond(long samples, double seconds) {
        return seconds > 0 ? Math.round(10 * samples / seconds) / 10.0 : null;
    }

    private static double millis(double seconds) {
        return Math.round(1000 * seconds) / 1000.0;
    }

    /** JSON has no NaN: an infinite or undefined loss is null. */
    private static @Nullable Object finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    private static @Nullable Object text(String value) {
        return value.isEmpty() ? null : value;
    }

    private static @Nullable Object moment(long epochMillis) {
        return epochMillis == 0 ? null : Instant.ofEpochMilli(epochMillis).toString();
    }

    /** Only then steps are skipped. */
    static boolean isF16(Job job) {
        return job.getSpec().getTraining().getPrecision() == Precision.PRECISION_F16;
    }

    static String precision(Precision precision) {
        return precision.name().replace("PRECISION_", "").toLowerCase(Locale.ROOT);
    }
}
