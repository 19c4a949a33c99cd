package dev.tutti.client.cli;

import dev.tutti.client.TrainingClient;
import dev.tutti.client.TrainingException;
import dev.tutti.client.report.OutputFormat;
import dev.tutti.client.yaml.JobFile;
import dev.tutti.client.yaml.SpecException;
import dev.tutti.client.yaml.SpecTree;
import dev.tutti.proto.v1.Job;
import dev.tutti.proto.v1.JobSpec;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tutti submit FILE}. */
@Command(
        name = "submit",
        mixinStandardHelpOptions = true,
        description = "Hands a job to a running cluster and follows it.")
final class SubmitCommand implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "FILE", description = "The job file, such as examples/mnist-mlp.yaml.")
    private Path file = Path.of("");

    @Mixin
    private JobOptions job = new JobOptions();

    @Option(
            names = "--dry-run",
            description = "Check the job, print it with every default filled in, and submit nothing.")
    private boolean dryRun;

    @Option(names = "--detach", description = "Print the job's ID and do not wait for it.")
    private boolean detach;

    @Option(
            names = "--idempotency-key",
            paramLabel = "KEY",
            description = "The same key gives the same job, however often it is submitted.")
    private Optional<String> idempotencyKey = Optional.empty();

    @Mixin
    private CoordinatorOption coordinator = new CoordinatorOption();

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private LogLevel log = new LogLevel();

    SubmitCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws SpecException, CommandException, TrainingException {
        log.quiet();
        JobSpec spec = JobFile.load(file, job.assignments());
        if (dryRun) {
            Map<String, Object> tree = SpecTree.of(spec);
            shell.print(format.format().render(tree, () -> OutputFormat.yaml(tree)));
            return ExitCodes.OK;
        }
        try (TrainingClient client = coordinator.connect(shell)) {
            Job submitted = client.submit(
                    spec, idempotencyKey.orElseGet(() -> UUID.randomUUID().toString()));
            if (detach) {
                shell.print(
                        format.format().render(Map.of("job_id", submitted.getId()), () -> submitted.getId() + "\n"));
                return ExitCodes.OK;
            }
            return new JobFollower(shell, format.format()).follow(client, submitted.getId());
        }
    }
}
