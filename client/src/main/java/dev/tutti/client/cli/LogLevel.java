package dev.tutti.client.cli;

import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Option;

/** How much the processes' own logs say, next to a command's narration. Takes effect before the first log line. */
final class LogLevel {
    private static final String PROPERTY = "tutti.log.level";

    /** Kept, because the JDK forgets the level of a logger nobody holds. gRPC logs with a trace what it also throws. */
    private static final Logger GRPC = Logger.getLogger("io.grpc");

    @Option(
            names = {"-v", "--verbose"},
            description = "Show what the roles log, too.")
    private boolean verbose;

    /** For commands whose own words matter most. */
    void quiet() {
        set(verbose ? "INFO" : "WARN");
        GRPC.setLevel(verbose ? Level.WARNING : Level.OFF);
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
