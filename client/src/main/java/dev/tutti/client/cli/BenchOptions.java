package dev.tutti.client.cli;

import dev.tutti.proto.launch.LaunchException;
import java.time.Duration;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the {@code bench} commands share: how long they measure, and how they print what they have found. */
final class BenchOptions {
    private static final int MOST_SECONDS = 3600;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "How long to measure, warm-up included (default: ${DEFAULT-VALUE}).")
    private double seconds = 10;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private LogLevel log = new LogLevel();

    /**
     * The benchmark that this installation has. From here on only what goes wrong is logged.
     *
     * @throws LaunchException if it is not on the class path
     */
    <T> T load(Class<T> benchmark) throws LaunchException {
        log.quiet();
        return ServiceLoader.load(benchmark)
                .findFirst()
                .orElseThrow(() -> new LaunchException(
                        ExitCodes.FAILED,
                        "this installation has no benchmarks: their jar is not on the class path",
                        null));
    }

    Duration time() throws CommandException {
        require(
                seconds > 0 && seconds <= MOST_SECONDS,
                "--seconds must be more than 0 and at most " + MOST_SECONDS + ", got " + seconds);
        return Duration.ofNanos((long) (seconds * 1e9));
    }

    /** @return the exit code */
    int print(Shell shell, Map<String, Object> report, Supplier<String> table) {
        shell.print(format.format().render(report, table));
        return ExitCodes.OK;
    }

    /** A rate, in the unit in which it is easily read. */
    static String flops(double gigaflopsPerSecond) {
        return gigaflopsPerSecond < 1000
                ? "%.1f GFLOP/s".formatted(gigaflopsPerSecond)
                : "%.1f TFLOP/s".formatted(gigaflopsPerSecond / 1000);
    }

    /** @throws CommandException with the sentence if it does not hold */
    static void require(boolean holds, String sentence) throws CommandException {
        if (!holds) {
            throw new CommandException(ExitCodes.USAGE, sentence);
        }
    }

    /** The value of that name. @throws CommandException if there is none */
    static <T> T choose(String option, T[] values, Function<T, String> name, String chosen) throws CommandException {
        String known = Stream.of(values).map(name).collect(Collectors.joining(", "));
        return Stream.of(values)
                .filter(value -> name.apply(value).equals(chosen))
                .findFirst()
                .orElseThrow(() ->
                        new CommandException(ExitCodes.USAGE, option + " must be one of " + known + ", got " + chosen));
    }
}
