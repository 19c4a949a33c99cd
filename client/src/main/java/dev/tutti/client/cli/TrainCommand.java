package dev.tutti.client.cli;

import dev.tutti.client.TrainingException;
import dev.tutti.client.yaml.JobFile;
import dev.tutti.client.yaml.SpecException;
import dev.tutti.proto.launch.LaunchException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tutti train FILE}. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = "Starts a cluster on this machine, trains the job of a YAML file on it, and prints how it went.")
final class TrainCommand implements Callable<Integer> {
    private final Shell shell;

    @Parameters(paramLabel = "FILE", description = "The job file, such as examples/mnist-mlp.yaml.")
    private Path file = Path.of("");

    @Mixin
    private LocalJobOptions options = new LocalJobOptions();

    TrainCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws CommandException, SpecException, LaunchException, TrainingException, IOException {
        options.quiet();
        return options.training(shell).run(JobFile.load(file, options.assignments()));
    }
}
