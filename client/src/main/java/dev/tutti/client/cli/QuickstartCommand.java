package dev.tutti.client.cli;

import dev.tutti.client.TrainingException;
import dev.tutti.client.report.Table;
import dev.tutti.client.yaml.JobFile;
import dev.tutti.client.yaml.SpecException;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
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
        String text = jobText();
        int ownSlices = JobFile.parse(text, JOB, List.of()).getCluster().getSlices();
        JobSpec spec = JobFile.parse(text, JOB, options.assignments(ownSlices));
        int slices = spec.getCluster().getSlices();
        if (slices != ownSlices) {
            shell.say("each batch is cut into %d slices instead of %d: other bits come out than of a plain quickstart"
                    .formatted(slices, ownSlices));
        }
        return options.training(shell).run(spec, job -> {
            if (job.getState() == JobState.JOB_STATE_SUCCEEDED) {
                sayWhatNext(job.getId());
            }
        });
    }

    private static String jobText() throws IOException {
        try (InputStream text = Objects.requireNonNull(
                QuickstartCommand.class.getResourceAsStream(JOB), "the client's jar has no " + JOB)) {
            return new String(text.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void sayWhatNext(String job) {
        var installation = Installation.ofProcess();
        String tutti = installation.command();
        String state = options.stateArgument();
        shell.say("");
        shell.say("What next:");
        new Table()
                .row("  " + tutti + " checkpoints list" + state, "  what was just trained")
                .row(
                        "  %s checkpoints export %s --to digits.safetensors%s".formatted(tutti, job, state),
                        "  its parameters, as one file")
                .row(
                        "  %s train %s --data DIR".formatted(tutti, installation.example("mnist-mlp.yaml")),
                        "  real digits, from DIR/mnist")
                .row("  " + tutti + " dev", "  a cluster that stays up for 'submit'")
                .toString()
                .lines()
                .forEach(shell::say);
    }
}
