package dev.tutti.client.cli;

import dev.tutti.client.TrainingClient;
import dev.tutti.client.TrainingException;
import dev.tutti.client.local.ChildProcesses;
import dev.tutti.client.local.ClusterPlan;
import dev.tutti.client.local.LocalCluster;
import dev.tutti.client.local.RoleStarter;
import dev.tutti.client.local.StateFolder;
import dev.tutti.client.report.JobReport;
import dev.tutti.client.report.JobTables;
import dev.tutti.client.report.OutputFormat;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.wording.Words;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Boots a cluster for one job, trains, prints how it went, and takes everything down again, whatever happens. */
final class LocalTraining {
    private final Shell shell;
    private final LocalOptions options;
    private final StateFolder state;
    private final OutputFormat format;

    LocalTraining(Shell shell, LocalOptions options, StateFolder state, OutputFormat format) {
        this.shell = shell;
        this.options = options;
        this.state = state;
        this.format = format;
    }

    /** @return the exit code */
    int run(JobSpec spec) throws CommandException, IOException, LaunchException, TrainingException {
        return run(spec, _ -> {});
    }

    /**
     * @param ended hears of the job, once it has ended and was reported
     * @return the exit code
     */
    int run(JobSpec spec, Consumer<Job> ended)
            throws CommandException, IOException, LaunchException, TrainingException {
        Path run = state.run(shell.clock());
        ClusterPlan plan = options.plan(spec, run, state.checkpoints());
        state.ensureWritable(run);
        var session = new TrainingSession(shell, spec);
        var cluster = new LocalCluster(plan, starter(plan), session);
        Interruption interruption = Interruption.watch(() -> {
            shell.say("interrupted: ending the job and the cluster; once more ends at once");
            session.cancel();
            cluster.giveUp();
        });
        int code;
        try (cluster) {
            cluster.start();
            code = train(cluster, session, ended);
        } catch (InterruptedException _) {
            code = ExitCodes.INTERRUPTED;
        } catch (LaunchException | TrainingException e) {
            if (!interruption.happened()) {
                keepOnlyLogs(run);
                throw e;
            }
            code = ExitCodes.INTERRUPTED;
        }
        if (code == ExitCodes.OK || interruption.happened()) {
            StateFolder.remove(run);
        } else {
            keepOnlyLogs(run);
        }
        return interruption.happened() ? ExitCodes.INTERRUPTED : code;
    }

    /** @return the exit code the job's end deserves */
    private int train(LocalCluster cluster, TrainingSession session, Consumer<Job> ended) throws TrainingException {
        try (TrainingClient client =
                TrainingClient.connect(cluster.coordinator().grpcAddress())) {
            Job job = session.train(client);
            report(job);
            ended.accept(job);
            return ExitCodes.of(job.getState());
        }
    }

    private void keepOnlyLogs(Path run) throws IOException {
        if (options.processes()) {
            shell.say("the processes' logs are in " + run);
        } else {
            StateFolder.remove(run);
        }
    }

    private RoleStarter starter(ClusterPlan plan) {
        shell.say("starting a coordinator, %s and %s %s"
                .formatted(
                        Words.count(plan.parameterServers(), "parameter server"),
                        Words.count(plan.workers(), "worker"),
                        options.processes() ? "as processes of their own" : "in this process"));
        return options.processes()
                ? new ChildProcesses(Tutti.class.getName(), plan.runFolder())
                : RoleStarter.inThisProcess();
    }

    private void report(Job job) {
        double wallSeconds = secondsSinceStart();
        if (job.getState() == JobState.JOB_STATE_FAILED) {
            shell.say("job %s failed: %s".formatted(job.getId(), job.getReason()));
        }
        shell.print(format.render(JobReport.result(job, wallSeconds), () -> JobTables.result(job, wallSeconds)));
    }

    /** The JVM's, not the process's: the launcher's build, if there was one, is not part of the training. */
    private double secondsSinceStart() {
        return (shell.clock().millis() - ManagementFactory.getRuntimeMXBean().getStartTime()) / 1000.0;
    }
}
