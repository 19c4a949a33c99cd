package dev.tutti.client.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** Changes to a job file, made on the command line. */
final class JobOptions {
    @Option(
            names = "--set",
            paramLabel = "PATH=VALUE",
            description = "Set any key of the job, such as training.epochs=3; the value is YAML. May be repeated.")
    private List<String> assignments = List.of();

    List<String> assignments() {
        return assignments;
    }
}
