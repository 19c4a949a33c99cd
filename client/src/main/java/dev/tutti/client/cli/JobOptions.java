package dev.tutti.client.cli;

import dev.tutti.client.yaml.Assignment;
import dev.tutti.client.yaml.SpecException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Changes to a job file, made on the command line. */
final class JobOptions {
    @Option(
            names = "--set",
            paramLabel = "PATH=VALUE",
            description = "Set any key of the job, such as training.epochs=3; the value is YAML. May be repeated.")
    private List<String> assignments = List.of();

    List<Assignment> assignments() throws SpecException {
        var parsed = new ArrayList<Assignment>();
        for (String assignment : assignments) {
            parsed.add(Assignment.ofSet(assignment));
        }
        return parsed;
    }
}
