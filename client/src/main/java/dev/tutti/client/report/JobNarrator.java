package dev.tutti.client.report;

import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.EpochResult;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.Progress;
import dev.tutti.proto.wording.Words;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Consumer;

/**
 * Tells a person how a job goes: a sentence for what happens, and between them a progress line, which a terminal redraws in place and
 * anything else gets now and then. Used by one thread.
 */
public final class JobNarrator implements Consumer<JobEvent> {
    private static final Duration BETWEEN_REDRAWS = Duration.ofMillis(100);
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(10);

    private final Narration narration;
    private final InstantSource clock;
    private Instant lastProgress = Instant.MIN;
    private String lastStatus = "";

    public JobNarrator(Narration narration, InstantSource clock) {
        this.narration = narration;
        this.clock = clock;
        this.lastProgress = clock.instant();
    }

    @Override
    public void accept(JobEvent event) {
        switch (event.getKindCase()) {
            case PROGRESS -> progress(event.getJob(), event.getProgress());
            case EPOCH -> narration.line(epoch(event.getJob(), event.getEpoch()));
            case NOTICE -> narration.line(event.getNotice().getText());
            case STATE, KIND_NOT_SET -> status(event.getJob());
            case CHECKPOINT -> {}
        }
    }

    private void status(Job job) {
        String state = JobStates.name(job.getState());
        String status =
                "job %s is %s%s".formatted(job.getId(), state, job.getReason().isEmpty() ? "" : ": " + job.getReason());
        if (!status.equals(lastStatus) && !JobStates.ended(job.getState())) {
            narration.line(status);
        }
        lastStatus = status;
    }

    private void progress(Job job, Progress progress) {
        Instant now = clock.instant();
        Duration pause = narration.interactive() ? BETWEEN_REDRAWS : BETWEEN_LINES;
        if (now.isBefore(lastProgress.plus(pause))) {
            return;
        }
        lastProgress = now;
        if (narration.interactive()) {
            narration.redraw(progressLine(job, progress));
        } else {
            narration.line(progressLine(job, progress));
        }
    }

    static String progressLine(Job job, Progress progress) {
        long total = Math.max(1, progress.getTotalSteps());
        long samplesLeft = (progress.getTotalSteps() - progress.getStep())
                * job.getSpec().getTraining().getBatch();
        String left = progress.getSamplesPerSecond() > 0
                ? "  ETA " + Figures.clock(Math.round(samplesLeft / progress.getSamplesPerSecond()))
                : "";
        return "epoch %d/%d  step %d/%d  %d %%  %s samples/s  loss %s%s  %s"
                .formatted(
                        progress.getEpoch(),
                        progress.getTotalEpochs(),
                        progress.getStep(),
                        progress.getTotalSteps(),
                        100 * progress.getStep() / total,
                        Figures.count(Math.round(progress.getSamplesPerSecond())),
                        Figures.loss(progress),
                        left,
                        Words.count(progress.getWorkers(), "worker"));
    }

    private static String epoch(Job job, EpochResult epoch) {
        String validation = epoch.hasValidation() ? "  validation " + JobTables.evaluation(epoch.getValidation()) : "";
        return "epoch %d/%d  loss %s%s  %s"
                .formatted(
                        epoch.getEpoch(),
                        job.getSpec().getTraining().getEpochs(),
                        Figures.loss(epoch),
                        validation,
                        Figures.span(epoch.getSeconds()));
    }
}
