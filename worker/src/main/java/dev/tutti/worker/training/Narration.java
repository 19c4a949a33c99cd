package dev.tutti.worker.training;

import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.WorkerProgress;
import dev.tutti.worker.metrics.WorkerMetrics;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a running generation tells the coordinator and its metrics; progress about four times a second. Training thread only. */
final class Narration {
    private static final Logger LOG = LoggerFactory.getLogger(Narration.class);
    private static final long INTERVAL_NANOS = 250_000_000;

    private final Generation generation;
    private final Reports reports;
    private final WorkerMetrics metrics;
    private final LongSupplier nanoTime;
    private final RunningSums sinceReport = new RunningSums();
    private long reportedNanos;

    Narration(Generation generation, Reports reports, WorkerMetrics metrics, LongSupplier nanoTime) {
        this.generation = generation;
        this.reports = reports;
        this.metrics = metrics;
        this.nanoTime = nanoTime;
        this.reportedNanos = nanoTime.getAsLong();
    }

    /** @param trained by this worker: losses, rows, and their labels */
    void stepDone(long step, StepSums trained, StepClock clock) {
        metrics.stepDone(trained.rows(), clock.dataNanos(), clock.computeNanos(), clock.waitNanos());
        sinceReport.add(trained.loss(), trained.rows(), trained.labels());
        if (nanoTime.getAsLong() - reportedNanos >= INTERVAL_NANOS) {
            flush(step);
        }
    }

    /** Reports the progress that has not been reported yet. */
    void flush(long step) {
        reportedNanos = nanoTime.getAsLong();
        if (sinceReport.samples() == 0) {
            return;
        }
        metrics.loss(sinceReport.meanLoss());
        reports.progress(WorkerProgress.newBuilder()
                .setJob(generation.job())
                .setGeneration(generation.number())
                .setWorker(generation.worker())
                .setStep(step)
                .setTraining(sinceReport.take())
                .build());
    }

    /** What was waited for shards in a step, or in local jobs at an exchange. */
    void exposed(long nanos) {
        metrics.exposed(nanos);
    }

    /** Local: a round is complete on all shards. */
    void exchanged(long nanos) {
        metrics.exchanged(nanos);
    }

    /** Where each worker is its own judge, in f16: a batch has changed nothing. */
    void batchSkipped(String when, double lossScale) {
        metrics.stepSkipped();
        LOG.info(
                "Job {}: a batch is skipped {}, a gradient overflowed with the losses scaled by {}",
                generation.job(),
                when,
                lossScale);
    }

    void evaluated(long nanos) {
        metrics.evaluated(nanos);
    }

    /** @param part without job, generation and worker */
    void epochPart(EpochPart.Builder part) {
        reports.epochPart(part.setJob(generation.job())
                .setGeneration(generation.number())
                .setWorker(generation.worker())
                .build());
    }
}
