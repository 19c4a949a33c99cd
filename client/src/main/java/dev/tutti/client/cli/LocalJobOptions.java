package dev.tutti.client.cli;

import dev.tutti.client.yaml.Assignment;
import dev.tutti.client.yaml.SpecException;
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
    List<Assignment> assignments() throws CommandException, SpecException {
        return with(List.of());
    }

    /** The same, for a job whose slices the user never chose: they follow {@code --workers} where it asks for more. */
    List<Assignment> assignments(int slices) throws CommandException, SpecException {
        int workers = local.workersOr(0);
        return with(
                workers > slices
                        ? List.of(new Assignment("--workers " + workers, "cluster.slices", Integer.toString(workers)))
                        : List.of());
    }

    private List<Assignment> with(List<Assignment> between) throws CommandException, SpecException {
        var assignments = new ArrayList<>(local.assignments());
        assignments.addAll(between);
        assignments.addAll(job.assignments());
        return assignments;
    }

    /** What a further command must say to find this one's checkpoints. */
    String stateArgument() {
        return state.argument();
    }

    LocalTraining training(Shell shell) {
        return new LocalTraining(shell, local, state.folder(shell), format.format());
    }
}
