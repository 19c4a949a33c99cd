package dev.tutti.client.cli;

import dev.tutti.proto.launch.LaunchException;
import java.time.Duration;
import java.util.ServiceLoader;

/** What the {@code bench} commands share. */
final class Benchmarks {
    private static final int MOST_SECONDS = 3600;

    private Benchmarks() {}

    /** @throws LaunchException if it is not on the class path */
    static <T> T load(Class<T> benchmark) throws LaunchException {
        return ServiceLoader.load(benchmark)
                .findFirst()
                .orElseThrow(() -> new LaunchException(
                        ExitCodes.FAILED,
                        "this installation has no benchmarks: their jar is not on the class path",
                        null));
    }

    /** @throws CommandException with the sentence if it does not hold */
    static void require(boolean holds, String sentence) throws CommandException {
        if (!holds) {
            throw new CommandException(ExitCodes.USAGE, sentence);
        }
    }

    static Duration time(double seconds) throws CommandException {
        require(
                seconds > 0 && seconds <= MOST_SECONDS,
                "--seconds must be more than 0 and at most " + MOST_SECONDS + ", got " + seconds);
        return Duration.ofNanos((long) (seconds * 1e9));
    }
}
