package dev.tutti.client.cli;

import dev.tutti.client.JobWatch;
import dev.tutti.client.TrainingClient;
import dev.tutti.client.TrainingException;
import dev.tutti.client.report.JobNarrator;
import dev.tutti.client.report.JobReport;
import dev.tutti.client.report.JobTables;
import dev.tutti.client.report.OutputFormat;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.Job;

/** Watches a job of somebody's cluster until it ends or the user has seen enough; the job goes on then. */
final class JobFollower {
    private final Shell shell;
    private final OutputFormat format;

    JobFollower(Shell shell, OutputFormat format) {
        this.shell = shell;
        this.format = format;
    }

    /** @return the exit code the job's end deserves */
    int follow(TrainingClient client, String id) throws TrainingException {
        Job job = Job.getDefaultInstance();
        try (JobWatch watch = client.watch(id)) {
            Interruption interruption = Interruption.watch(watch::close);
            var narrator = new JobNarrator(shell.narration(), shell.clock());
            while (watch.advance()) {
                narrator.accept(watch.event());
                job = watch.event().getJob();
            }
            if (interruption.happened() && !JobStates.ended(job.getState())) {
                shell.say("job %s goes on; 'tutti jobs watch %s' follows it, 'tutti jobs cancel %s' ends it"
                        .formatted(id, id, id));
                return ExitCodes.INTERRUPTED;
            }
        }
        Job last = job;
        double seconds = (last.getEndedAtMillis() - last.getSubmittedAtMillis()) / 1000.0;
        shell.print(format.render(JobReport.result(last, seconds), () -> JobTables.result(last, seconds)));
        return ExitCodes.of(last.getState());
    }
}
