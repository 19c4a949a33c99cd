package dev.tutti.client.cli;

import dev.tutti.client.TrainingClient;
import dev.tutti.client.TrainingException;
import dev.tutti.client.local.StateFolder;
import dev.tutti.client.local.StoredCheckpoints;
import dev.tutti.client.report.JobReport;
import dev.tutti.client.report.JobTables;
import dev.tutti.proto.checkpoint.CheckpointExport;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.WritableFolder;
import dev.tutti.proto.v1.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tutti checkpoints …}. */
@Command(
        name = "checkpoints",
        mixinStandardHelpOptions = true,
        description = "Lists, verifies and exports trained parameters.")
final class CheckpointsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    private CheckpointsCommand() {}

    static CommandLine commandLine(Shell shell) {
        return new CommandLine(new CheckpointsCommand())
                .addSubcommand(new ListCheckpoints(shell))
                .addSubcommand(new VerifyCheckpointsCommand(shell))
                .addSubcommand(new Export(shell));
    }

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "name one of list, verify, export");
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Lists checkpoints, oldest first: those in the state folder, or a running cluster's with"
                    + " --coordinator.")
    private static final class ListCheckpoints implements Callable<Integer> {
        private final Shell shell;

        @Spec
        private CommandSpec spec = CommandSpec.create();

        @Parameters(paramLabel = "JOB", arity = "0..1", description = "Only of this job.")
        private String job = "";

        @Option(
                names = "--coordinator",
                paramLabel = "HOST:PORT",
                description = "Ask this coordinator instead of looking into the state folder; $$TUTTI_COORDINATOR does"
                        + " not count here.")
        private Optional<String> coordinator = Optional.empty();

        @Mixin
        private StateOption state = new StateOption();

        @Mixin
        private FormatOption format = new FormatOption();

        @Mixin
        private LogLevel log = new LogLevel();

        ListCheckpoints(Shell shell) {
            this.shell = shell;
        }

        @Override
        public Integer call() throws CommandException, TrainingException, IOException {
            log.quiet();
            if (coordinator.isPresent() && state.isGiven()) {
                throw new ParameterException(
                        spec.commandLine(), "choose one of --coordinator and --state: a cluster's or a folder's");
            }
            List<Checkpoint> checkpoints = coordinator.isPresent() ? ofCluster(coordinator.get()) : ofStateFolder();
            shell.print(format.format()
                    .render(
                            checkpoints.stream().map(JobReport::checkpoint).toList(),
                            () -> JobTables.checkpoints(checkpoints)));
            return ExitCodes.OK;
        }

        private List<Checkpoint> ofCluster(String address) throws CommandException, TrainingException {
            try (TrainingClient client = CoordinatorOption.connect(address)) {
                return client.checkpoints(job);
            }
        }

        private List<Checkpoint> ofStateFolder() throws CommandException, IOException {
            StateFolder folder = state.folder(shell);
            if (state.isGiven() && !Files.isDirectory(folder.path())) {
                throw new CommandException(ExitCodes.NOT_FOUND, "there is no folder %s".formatted(folder.path()));
            }
            var stored = new StoredCheckpoints(folder.checkpoints());
            if (!job.isEmpty() && !stored.knows(job)) {
                throw new CommandException(
                        ExitCodes.NOT_FOUND,
                        "there are no checkpoints of '%s' in %s; 'tutti checkpoints list' shows what there is"
                                .formatted(job, folder.checkpoints()));
            }
            return stored.list(job, shell::say);
        }
    }

    @Command(
            name = "export",
            mixinStandardHelpOptions = true,
            description = "Writes a checkpoint's parameters as one safetensors file.")
    private static final class Export implements Callable<Integer> {
        private final Shell shell;

        @Parameters(
                paramLabel = "PATH_OR_JOB",
                description = "A checkpoint's folder, a job's folder, or the ID of a job in the state folder.")
        private String checkpoint = "";

        @Option(names = "--step", paramLabel = "N", description = "The checkpoint of this step (default: the newest).")
        private Optional<Long> step = Optional.empty();

        @Option(names = "--to", paramLabel = "FILE", required = true, description = "The file to write.")
        private Path target = Path.of("");

        @Mixin
        private StateOption state = new StateOption();

        @Mixin
        private FormatOption format = new FormatOption();

        @Mixin
        private LogLevel log = new LogLevel();

        Export(Shell shell) {
            this.shell = shell;
        }

        @Override
        public Integer call() throws CommandException, LaunchException, IOException {
            log.quiet();
            Path folder = new StoredCheckpoints(state.folder(shell).checkpoints())
                    .find(checkpoint, step)
                    .orElseThrow(() -> new CommandException(
                            ExitCodes.NOT_FOUND,
                            "there is no checkpoint%s of '%s' in %s; 'tutti checkpoints list' shows what there is"
                                    .formatted(
                                            step.isPresent() ? " at step " + step.get() : "",
                                            checkpoint,
                                            state.folder(shell).checkpoints())));
            Path parent = target.toAbsolutePath().getParent();
            if (Files.isDirectory(target) || parent == null || !Files.isDirectory(parent)) {
                throw new CommandException(
                        ExitCodes.USAGE, "--to %s must be a file in a folder that exists".formatted(target));
            }
            WritableFolder.ensure(parent, "name another file with --to");
            var written = CheckpointExport.merge(folder, target.toAbsolutePath());
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("checkpoint", folder.toString());
            report.put("file", target.toAbsolutePath().normalize().toString());
            report.put("bytes", written.bytes());
            report.put("sha256", written.sha256());
            shell.print(format.format().render(report, () -> target + "\n"));
            return ExitCodes.OK;
        }
    }
}
