package dev.tutti.client.cli;

import dev.tutti.client.report.OutputFormat;
import picocli.CommandLine.Option;

/** {@code -o table|json|yaml}. */
final class FormatOption {
    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            description = "How data is printed: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private OutputFormat format = OutputFormat.table;

    OutputFormat format() {
        return format;
    }
}
