package dev.tutti.client.cli;

import dev.tutti.client.local.StateFolder;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** {@code --state DIR}, else TUTTI_STATE, else {@code ./.tutti}. */
final class StateOption {
    @Option(
            names = "--state",
            paramLabel = "DIR",
            description = "Where checkpoints and journals are kept (default: $$TUTTI_STATE, else .tutti).")
    private Optional<Path> state = Optional.empty();

    StateFolder folder(Shell shell) {
        return new StateFolder(
                state.orElseGet(() -> Path.of(shell.variable("TUTTI_STATE").orElse(".tutti"))));
    }
}
