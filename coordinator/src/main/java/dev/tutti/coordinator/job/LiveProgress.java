package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.Progress;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerProgress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What workers reported lately about jobs that run. Nothing is decided on it, and only what is known at a job's end is journaled: a new
 * coordinator starts without. Not thread-safe.
 */
public final class LiveProgress {
    private static final long WINDOW_MILLIS = 5_000;

    private final Map<String, Reports> byJob = new HashMap<>();

    private record Report(long atMillis, Sums training) {}

    private static final class Reports {
        private final long generation;
        private final long sinceMillis;
        private final Deque<Report> lately = new ArrayDeque<>();
        private long step;
        private long samples;

        Reports(long generation, long sinceMillis, long step, long samples) {
            this.generation = generation;
            this.sinceMillis = sinceMillis;
            this.step = step;
            this.samples = samples;
        }
    }

    /** Takes a report in. Empty if it is of an older generation, or the job does not run. */
    public Optional<JobEvent> add(Optional<JobRecord> known, WorkerProgress report, long atMillis) {
        Optional<JobRecord> running =
                known.filter(job -> job.phase() instanceof Phase.Running || job.phase() instanceof Phase.Stopping);
        Optional<Training> current =
                running.flatMap(JobRecord::training).filter(t -> t.generation() == report.getGeneration());
        if (running.isEmpty() || current.isEmpty()) {
            return Optional.empty();
        }
        JobRecord job = running.get();
        Training training = current.get();
        Reports reports = byJob.get(job.id());
        if (reports == null || reports.generation != training.generation()) {
            Progress certain = KnownProgress.of(job, training);
            reports = new Reports(
                    training.generation(), training.clock().sinceMillis(), certain.getStep(), certain.getSamples());
            byJob.put(job.id(), reports);
        }
        reports.samples += report.getTraining().getSamples();
        long step = training.leases().isEmpty()
                ? training.schedule().batches(report.getStep())
                : reports.samples / job.spec().getTraining().getBatch();
        reports.step =
                Math.min(Math.max(reports.step, step), training.schedule().totalBatches());
        reports.lately.addLast(new Report(atMillis, report.getTraining()));
        while (reports.lately.getFirst().atMillis() < atMillis - WINDOW_MILLIS) {
            reports.lately.removeFirst();
        }
        Job view = JobView.of(job).toBuilder().clearEpochs().build();
        Progress progress = progress(job, training, reports, atMillis);
        return Optional.of(JobEvent.newBuilder()
                .setAtMillis(atMillis)
                .setJob(view.toBuilder().setProgress(progress))
                .setProgress(progress)
                .build());
    }

    private static Progress progress(JobRecord job, Training training, Reports reports, long atMillis) {
        List<Sums> sums = reports.lately.stream().map(Report::training).toList();
        Sums lately = SumsOf.all(sums);
        long spanMillis = Math.min(WINDOW_MILLIS, Math.max(1, atMillis - reports.sinceMillis));
        long step = Math.max(reports.step, KnownProgress.of(job, training).getStep());
        Progress.Builder progress =
                KnownProgress.at(job, training, step).setSamplesPerSecond(lately.getSamples() * 1000.0 / spanMillis);
        SumsOf.meanLoss(lately).ifPresent(progress::setLoss);
        return progress.build();
    }

    /** The job as its users see it, with what its workers reported last. */
    public Job view(JobRecord job, long atMillis) {
        return with(JobView.of(job), job, atMillis);
    }

    /** The same event with its job's progress as it is now. */
    public JobEvent with(JobEvent event, Optional<JobRecord> job, long atMillis) {
        return job.isEmpty()
                ? event
                : event.toBuilder()
                        .setJob(with(event.getJob(), job.get(), atMillis))
                        .build();
    }

    /** What is to be kept of a job that has just ended: its last reports tell more than what is certain, unless it has a result. */
    public Optional<Event> last(JobRecord job, long atMillis) {
        return reported(job, atMillis).map(progress -> new Event.LastProgress(atMillis, job.id(), progress));
    }

    /** Nobody reports about a job that has ended. */
    public void forgetIfEnded(JobRecord job) {
        if (job.phase() instanceof Phase.Ended) {
            byJob.remove(job.id());
        }
    }

    private Job with(Job view, JobRecord job, long atMillis) {
        return reported(job, atMillis)
                .map(progress -> view.toBuilder().setProgress(progress).build())
                .orElse(view);
    }

    private Optional<Progress> reported(JobRecord job, long atMillis) {
        boolean hasResult =
                job.phase() instanceof Phase.Ended ended && ended.result().isPresent();
        return Optional.ofNullable(byJob.get(job.id()))
                .filter(_ -> !hasResult)
                .flatMap(reports -> job.training().map(training -> progress(job, training, reports, atMillis)));
    }
}
