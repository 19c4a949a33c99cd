package dev.tutti.client.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;

/** Of a command that trains one job on a cluster that lives as long as the command. */
final class LocalJobOptions {
    @Mixin
    private JobOptions job = new JobOptions();

    @Mixin
    private LocalOptions local = new LocalOptions();

    @Mixin
    private StateOption state = new StateOption();

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private LogLevel log = new LogLevel();

    void quiet() {
        log.quiet();
    }

    /** What the command line changes in the job; {@code --set} has the last word. */
    List<String> assignments() throws CommandException {
        var assignments = new ArrayList<>(local.assignments());
        assignments.addAll(job.assignments());
        return assignments;
    }

    LocalTraining training(Shell shell) {
        return new LocalTraining(shell, local, state.folder(shell), format.format());
    }
}
