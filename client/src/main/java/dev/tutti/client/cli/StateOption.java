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

    /** Absolute, so that whatever is printed of it can be used anywhere. */
    StateFolder folder(Shell shell) {
        Path folder =
                state.orElseGet(() -> Path.of(shell.variable("TUTTI_STATE").orElse(".tutti")));
        return new StateFolder(folder.toAbsolutePath().normalize());
    }

    boolean isGiven() {
        return state.isPresent();
    }

    /** As it was typed, after a space; empty if it was not. */
    String argument() {
        return state.map(folder -> " --state " + Installation.quoted(folder.toString()))
                .orElse("");
    }
}
