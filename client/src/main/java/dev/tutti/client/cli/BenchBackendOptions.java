package dev.tutti.client.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What computes, of the benchmarks that compute. */
final class BenchBackendOptions {
    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Compute threads, no more than idle processors (default: ${DEFAULT-VALUE}).")
    private int threads = 1;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            description =
                    "auto, cuda, cpu, reference, or one of a plug-in; auto takes cuda where there is a GPU, else cpu"
                            + " (default: ${DEFAULT-VALUE}).")
    private String backend = "auto";

    @Option(
            names = "--plugins",
            paramLabel = "DIR",
            description = "A folder with the jars of a further backend (default: $$TUTTI_PLUGINS, else none).")
    private Optional<Path> plugins = Optional.empty();

    /** @throws CommandException if there are fewer processors: threads that wait for each other on one are many times slower than one */
    int threads() throws CommandException {
        int processors = Runtime.getRuntime().availableProcessors();
        BenchOptions.require(threads >= 1, "--threads must be 1 or more, got " + threads);
        BenchOptions.require(
                threads <= processors,
                "--threads must be at most %d, the processors of this machine, got %d".formatted(processors, threads));
        return threads;
    }

    String backend() {
        return backend;
    }

    Optional<Path> plugins(Shell shell) {
        return plugins.or(() -> shell.variable("TUTTI_PLUGINS").map(Path::of));
    }
}
