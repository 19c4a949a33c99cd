package dev.tutti.client.cli;

import dev.tutti.client.TrainingClient;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** {@code --coordinator HOST:PORT}, else TUTTI_COORDINATOR, else this machine's default port. */
final class CoordinatorOption {
    private static final String DEFAULT = "127.0.0.1:7070";
    private static final Pattern ADDRESS = Pattern.compile("(\\[[0-9a-fA-F:.]+]|[^:\\s/]+):(\\d{1,5})");

    @Option(
            names = "--coordinator",
            paramLabel = "HOST:PORT",
            description = "The coordinator's gRPC address (default: $$TUTTI_COORDINATOR, else " + DEFAULT + ").")
    private Optional<String> coordinator = Optional.empty();

    TrainingClient connect(Shell shell) throws CommandException {
        return connect(coordinator.or(() -> shell.variable("TUTTI_COORDINATOR")).orElse(DEFAULT));
    }

    static TrainingClient connect(String address) throws CommandException {
        var matcher = ADDRESS.matcher(address);
        if (!matcher.matches() || Integer.parseInt(matcher.group(2)) > 65_535) {
            throw new CommandException(
                    ExitCodes.USAGE,
                    "--coordinator must be HOST:PORT, such as %s, but is '%s'".formatted(DEFAULT, address));
        }
        return TrainingClient.connect(address);
    }
}
