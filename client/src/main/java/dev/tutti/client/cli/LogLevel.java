package dev.tutti.client.cli;

import picocli.CommandLine.Option;

/** How much the processes' own logs say, next to a command's narration. Takes effect before the first log line. */
final class LogLevel {
    private static final String PROPERTY = "tutti.log.level";

    @Option(
            names = {"-v", "--verbose"},
            description = "Show what the roles log, too.")
    private boolean verbose;

    /** For commands whose own words matter most. */
    void quiet() {
        set(verbose ? "INFO" : "WARN");
    }

    /** For processes whose log is what they have to say. */
    void talkative() {
        set(verbose ? "DEBUG" : "INFO");
    }

    private static void set(String level) {
        if (System.getProperty(PROPERTY) == null) {
            System.setProperty(PROPERTY, level);
        }
    }
}
