package dev.tutti.client.cli;

import dev.tutti.client.TrainingClient;
import dev.tutti.client.TrainingException;
import dev.tutti.client.report.JobReport;
import dev.tutti.client.report.JobTables;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.Job;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tutti jobs …}: looks at the jobs of a running cluster, and ends them. */
@Command(name = "jobs", mixinStandardHelpOptions = true, description = "Lists, shows, follows and ends jobs.")
final class JobsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    private JobsCommand() {}

    static CommandLine commandLine(Shell shell) {
        return new CommandLine(new JobsCommand())
                .addSubcommand(new ListJobs(shell))
                .addSubcommand(new Describe(shell))
                .addSubcommand(new Watch(shell))
                .addSubcommand(new Stop(shell))
                .addSubcommand(new Cancel(shell));
    }

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "name one of list, describe, watch, stop, cancel");
    }

    /** What all of them need: a connection, and a way to print. */
    private abstract static class OnCluster implements Callable<Integer> {
        final Shell shell;

        @Mixin
        private CoordinatorOption coordinator = new CoordinatorOption();

        @Mixin
        FormatOption format = new FormatOption();

        @Mixin
        private LogLevel log = new LogLevel();

        OnCluster(Shell shell) {
            this.shell = shell;
        }

        @Override
        public Integer call() throws CommandException, TrainingException {
            log.quiet();
            try (TrainingClient client = coordinator.connect(shell)) {
                return call(client);
            }
        }

        abstract int call(TrainingClient client) throws TrainingException, CommandException;
    }

    /** What all of them need that are about one job. */
    private abstract static class OnJob extends OnCluster {
        @Parameters(paramLabel = "ID", description = "The job's ID.")
        private String id = "";

        OnJob(Shell shell) {
            super(shell);
        }

        @Override
        int call(TrainingClient client) throws TrainingException {
            return call(client, id);
        }

        abstract int call(TrainingClient client, String id) throws TrainingException;

        int sayAndShow(Job job) {
            shell.say("job %s is %s".formatted(id, JobStates.name(job.getState())));
            return show(job);
        }

        int show(Job job) {
            var now = shell.clock().instant();
            shell.print(format.format().render(JobReport.description(job, now), () -> JobTables.description(job, now)));
            return ExitCodes.OK;
        }
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists jobs, newest first.")
    private static final class ListJobs extends OnCluster {
        @Option(names = "--limit", paramLabel = "N", description = "At most so many (default: 100).")
        private int limit = 100;

        ListJobs(Shell shell) {
            super(shell);
        }

        @Override
        int call(TrainingClient client) throws TrainingException, CommandException {
            if (limit < 1) {
                throw new CommandException(ExitCodes.USAGE, "--limit must be at least 1, but is " + limit);
            }
            List<Job> jobs = client.list(limit);
            var now = shell.clock().instant();
            shell.print(format.format()
                    .render(
                            jobs.stream()
                                    .map(job -> JobReport.summary(job, now))
                                    .toList(),
                            () -> JobTables.list(jobs)));
            return ExitCodes.OK;
        }
    }

    @Command(name = "describe", mixinStandardHelpOptions = true, description = "Shows all that is known of a job.")
    private static final class Describe extends OnJob {
        Describe(Shell shell) {
            super(shell);
        }

        @Override
        int call(TrainingClient client, String id) throws TrainingException {
            return show(client.get(id));
        }
    }

    @Command(name = "watch", mixinStandardHelpOptions = true, description = "Follows a job until it ends.")
    private static final class Watch extends OnJob {
        Watch(Shell shell) {
            super(shell);
        }

        @Override
        int call(TrainingClient client, String id) throws TrainingException {
            return new JobFollower(shell, format.format()).follow(client, id);
        }
    }

    @Command(
            name = "stop",
            mixinStandardHelpOptions = true,
            description = "Ends a job after its current step, with a checkpoint.")
    private static final class Stop extends OnJob {
        Stop(Shell shell) {
            super(shell);
        }

        @Override
        int call(TrainingClient client, String id) throws TrainingException {
            return sayAndShow(client.stop(id));
        }
    }

    @Command(name = "cancel", mixinStandardHelpOptions = true, description = "Ends a job now, without a checkpoint.")
    private static final class Cancel extends OnJob {
        Cancel(Shell shell) {
            super(shell);
        }

        @Override
        int call(TrainingClient client, String id) throws TrainingException {
            return sayAndShow(client.cancel(id));
        }
    }
}
