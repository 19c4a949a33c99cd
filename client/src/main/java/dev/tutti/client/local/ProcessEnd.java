package dev.tutti.client.local;

import java.util.Map;

/** How a child process ended, for a person. */
final class ProcessEnd {
    /** What {@link Process#exitValue} adds to the number of the signal that killed the process. */
    private static final int SIGNALLED = 128;

    private static final Map<Integer, String> SIGNALS = Map.ofEntries(
            Map.entry(1, "SIGHUP"),
            Map.entry(2, "SIGINT"),
            Map.entry(3, "SIGQUIT"),
            Map.entry(4, "SIGILL"),
            Map.entry(6, "SIGABRT"),
            Map.entry(8, "SIGFPE"),
            Map.entry(9, "SIGKILL"),
            Map.entry(11, "SIGSEGV"),
            Map.entry(13, "SIGPIPE"),
            Map.entry(14, "SIGALRM"),
            Map.entry(15, "SIGTERM"));

    private ProcessEnd() {}

    /** A predicate for the name of the process. */
    static String sentence(int exitValue) {
        String signal = SIGNALS.get(exitValue - SIGNALLED);
        return signal == null
                ? "ended with exit code " + exitValue
                : "was killed by signal %d (%s)".formatted(exitValue - SIGNALLED, signal);
    }
}
