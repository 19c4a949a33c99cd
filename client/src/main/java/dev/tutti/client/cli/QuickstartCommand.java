package dev.tutti.client.cli;

import dev.tutti.client.TrainingException;
import dev.tutti.client.yaml.JobFile;
import dev.tutti.client.yaml.SpecException;
import dev.tutti.proto.launch.LaunchException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tutti quickstart}. */
@Command(
        name = "quickstart",
        mixinStandardHelpOptions = true,
        description =
                "Trains a small network on handwritten-looking digits that Tutti draws itself: no network, no data.")
final class QuickstartCommand implements Callable<Integer> {
    private static final String JOB = "quickstart.yaml";

    private final Shell shell;

    @Mixin
    private LocalJobOptions options = new LocalJobOptions();

    QuickstartCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws CommandException, SpecException, LaunchException, TrainingException, IOException {
        options.quiet();
        int code = options.training(shell).run(JobFile.parse(jobText(), JOB, options.assignments()));
        if (code == ExitCodes.OK) {
            sayWhatNext();
        }
        return code;
    }

    private static String jobText() throws IOException {
        try (InputStream text = Objects.requireNonNull(
                QuickstartCommand.class.getResourceAsStream(JOB), "the client's jar has no " + JOB)) {
            return new String(text.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void sayWhatNext() {
        shell.say("");
        shell.say("What next:");
        shell.say("  ./tutti checkpoints list                                  what was just trained");
        shell.say("  ./tutti checkpoints export JOB --to digits.safetensors    its parameters, as one file");
        shell.say("  ./tutti train examples/mnist-mlp.yaml --data DIR          real digits, from DIR/mnist");
        shell.say("  ./tutti dev                                               a cluster that stays up for 'submit'");
    }
}
