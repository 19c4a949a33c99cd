package dev.tutti.client.cli;

import dev.tutti.client.report.Table;
import dev.tutti.proto.launch.ExchangeBenchmark;
import dev.tutti.proto.launch.ExchangeBenchmark.Figures;
import dev.tutti.proto.launch.ExchangeBenchmark.Request;
import dev.tutti.proto.launch.ExchangeBenchmark.Result;
import dev.tutti.proto.launch.ExchangeBenchmark.Transport;
import dev.tutti.proto.launch.LaunchException;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tutti bench exchange}. */
@Command(
        name = "exchange",
        mixinStandardHelpOptions = true,
        description =
                "Times gradients going to shards and parameters coming back, and the same bytes over plain sockets"
                        + " and plain gRPC.")
final class BenchExchangeCommand implements Callable<Integer> {
    private static final long LEAST_BYTES = 4096;
    private static final long MOST_BYTES = 1L << 30;
    private static final int MOST_ENDS = 16;
    private static final List<String> ENCODINGS = List.of("f32", "bf16", "f16", "int8", "top-k");
    private static final Map<String, Transport> TRANSPORTS = Arrays.stream(Transport.values())
            .collect(Collectors.toMap(Transport::id, t -> t, (a, _) -> a, LinkedHashMap::new));

    private final Shell shell;

    @Option(
            names = "--bytes",
            paramLabel = "SIZE",
            converter = ByteSize.Converter.class,
            description = "Of the parameters in f32 (default: ${DEFAULT-VALUE}).",
            defaultValue = "64MiB")
    private ByteSize bytes = new ByteSize(64 << 20);

    @Option(names = "--shards", paramLabel = "N", description = "Parameter servers (default: ${DEFAULT-VALUE}).")
    private int shards = 1;

    @Option(names = "--workers", paramLabel = "N", description = "Workers (default: ${DEFAULT-VALUE}).")
    private int workers = 1;

    @Option(
            names = "--encoding",
            paramLabel = "NAME",
            description =
                    "What gradients travel as: f32, bf16, f16, int8 or top-k, of which 1 % travel; parameters come back in"
                            + " the same float type, else in f32 (default: ${DEFAULT-VALUE}).")
    private String encoding = "f32";

    @Option(
            names = "--transport",
            paramLabel = "NAME",
            description =
                    "shm for shared memory, which is what jobs use on one machine; uds for Unix domain sockets; or tcp"
                            + " (default: ${DEFAULT-VALUE}).")
    private String transport = Transport.SHARED_MEMORY.id();

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "How long to measure each of the three, warm-up included (default: ${DEFAULT-VALUE}).")
    private double seconds = 10;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private LogLevel log = new LogLevel();

    BenchExchangeCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws CommandException, LaunchException {
        log.quiet();
        Benchmarks.require(
                bytes.count() >= LEAST_BYTES && bytes.count() <= MOST_BYTES,
                "--bytes must be 4KiB to 1GiB, got " + bytes.count() + " bytes");
        Benchmarks.require(shards >= 1 && shards <= MOST_ENDS, "--shards must be 1 to 16, got " + shards);
        Benchmarks.require(workers >= 1 && workers <= MOST_ENDS, "--workers must be 1 to 16, got " + workers);
        requireOneOf("--encoding", ENCODINGS, encoding);
        requireOneOf("--transport", TRANSPORTS.keySet(), transport);
        Result result = Benchmarks.load(ExchangeBenchmark.class)
                .measure(new Request(
                        bytes.count(),
                        shards,
                        workers,
                        encoding,
                        Objects.requireNonNull(TRANSPORTS.get(transport)),
                        Benchmarks.time(seconds)));
        shell.print(format.format().render(report(result), () -> table(result)));
        return ExitCodes.OK;
    }

    private static void requireOneOf(String option, Collection<String> known, String value) throws CommandException {
        Benchmarks.require(
                known.contains(value), option + " must be one of " + String.join(", ", known) + ", got " + value);
    }

    private static Map<String, Object> report(Result result) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("bytes", result.request().bytes());
        report.put("shards", result.request().shards());
        report.put("workers", result.request().workers());
        report.put("encoding", result.request().encoding());
        report.put("transport", result.request().transport().id());
        report.put("parameters", result.parameters());
        report.put("payload_bytes", result.payloadBytes());
        report.put("exchanges", result.exchange().exchanges());
        report.put("push_pull_seconds_median", result.exchange().medianSeconds());
        report.put("parameters_per_second", result.parametersPerSecond());
        report.put("goodput_bytes_per_second", result.exchange().goodput());
        report.put("cpu_seconds_per_gigabyte", result.exchange().cpuSecondsPerGigabyte());
        report.put("plain_tcp", baseline(result, result.plainTcp()));
        report.put("plain_grpc", baseline(result, result.plainGrpc()));
        return report;
    }

    private static Map<String, Object> baseline(Result result, Figures baseline) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("push_pull_seconds_median", baseline.medianSeconds());
        report.put("goodput_bytes_per_second", baseline.goodput());
        report.put("cpu_seconds_per_gigabyte", baseline.cpuSecondsPerGigabyte());
        report.put("ratio", result.exchange().goodput() / baseline.goodput());
        return report;
    }

    private static String table(Result result) {
        return new Table()
                .row(
                        "moved",
                        "%,d parameters, %s over %s, %d worker(s), %d shard(s)"
                                .formatted(
                                        result.parameters(),
                                        result.request().encoding(),
                                        result.request().transport().id(),
                                        result.request().workers(),
                                        result.request().shards()))
                .row("exchange", line(result.exchange()))
                .row("", "%,.0f million parameters/s".formatted(result.parametersPerSecond() / 1e6))
                .row("plain sockets", line(result.plainTcp()) + ratio(result, result.plainTcp()))
                .row("plain gRPC", line(result.plainGrpc()) + ratio(result, result.plainGrpc()))
                .toString();
    }

    private static String line(Figures figures) {
        return "%.1f ms median, %.2f GB/s, %.2f CPU s/GB"
                .formatted(figures.medianSeconds() * 1e3, figures.goodput() / 1e9, figures.cpuSecondsPerGigabyte());
    }

    private static String ratio(Result result, Figures baseline) {
        return "; the exchange has %.2f times its goodput"
                .formatted(result.exchange().goodput() / baseline.goodput());
    }
}
