package dev.tutti.client.cli;

import dev.tutti.client.report.Table;
import dev.tutti.proto.launch.ExchangeBenchmark;
import dev.tutti.proto.launch.ExchangeBenchmark.Encoding;
import dev.tutti.proto.launch.ExchangeBenchmark.Figures;
import dev.tutti.proto.launch.ExchangeBenchmark.Request;
import dev.tutti.proto.launch.ExchangeBenchmark.Result;
import dev.tutti.proto.launch.ExchangeBenchmark.Transport;
import dev.tutti.proto.launch.LaunchException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tutti bench exchange}. */
@Command(
        name = "exchange",
        mixinStandardHelpOptions = true,
        description =
                "Times gradients going to shards and parameters coming back, and the same bytes over plain sockets"
                        + " and plain gRPC, each as long as --seconds says.")
final class BenchExchangeCommand implements Callable<Integer> {
    private static final long LEAST_BYTES = 4096;
    private static final long MOST_BYTES = 1L << 30;
    private static final int MOST_ENDS = 16;

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
                    "What gradients travel as: f32, bf16, f16, int8 or top-k, of which 1 %% travel; parameters come"
                            + " back in the same float type, else in f32 (default: ${DEFAULT-VALUE}).")
    private String encoding = Encoding.F32.id();

    @Option(
            names = "--transport",
            paramLabel = "NAME",
            description =
                    "shm for shared memory, which is what jobs use on one machine; uds for Unix domain sockets; or tcp"
                            + " (default: ${DEFAULT-VALUE}).")
    private String transport = Transport.SHARED_MEMORY.id();

    @Mixin
    private BenchOptions options = new BenchOptions();

    BenchExchangeCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws CommandException, LaunchException {
        BenchOptions.require(
                bytes.count() >= LEAST_BYTES && bytes.count() <= MOST_BYTES,
                "--bytes must be 4KiB to 1GiB, got " + bytes.count() + " bytes");
        BenchOptions.require(shards >= 1 && shards <= MOST_ENDS, "--shards must be 1 to 16, got " + shards);
        BenchOptions.require(workers >= 1 && workers <= MOST_ENDS, "--workers must be 1 to 16, got " + workers);
        Request request = new Request(
                bytes.count(),
                shards,
                workers,
                BenchOptions.choose("--encoding", Encoding.values(), Encoding::id, encoding),
                BenchOptions.choose("--transport", Transport.values(), Transport::id, transport),
                options.time());
        Result result = options.load(ExchangeBenchmark.class).measure(request);
        return options.print(shell, report(result), () -> table(result));
    }

    private static Map<String, Object> report(Result result) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("bytes", result.request().bytes());
        report.put("shards", result.request().shards());
        report.put("workers", result.request().workers());
        report.put("encoding", result.request().encoding().id());
        report.put("transport", result.request().transport().id());
        report.put("parameters", result.parameters());
        report.put("payload_bytes", result.payloadBytes());
        report.put("exchanges", result.exchange().exchanges());
        report.putAll(figures(result.exchange()));
        report.put("parameters_per_second", result.parametersPerSecond());
        report.put("plain_tcp", baseline(result, result.plainTcp()));
        report.put("plain_grpc", baseline(result, result.plainGrpc()));
        return report;
    }

    private static Map<String, Object> baseline(Result result, Figures baseline) {
        Map<String, Object> report = figures(baseline);
        report.put("ratio", timesAsFast(result, baseline));
        return report;
    }

    private static Map<String, Object> figures(Figures figures) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("push_pull_seconds_median", figures.medianSeconds());
        report.put("goodput_bytes_per_second", figures.goodput());
        report.put("cpu_seconds_per_gigabyte", figures.cpuSecondsPerGigabyte());
        return report;
    }

    private static String table(Result result) {
        return new Table()
                .row(
                        "moved",
                        "%,d parameters, %s over %s, %d worker(s), %d shard(s)"
                                .formatted(
                                        result.parameters(),
                                        result.request().encoding().id(),
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
        return "; the exchange moves %.2f times the parameters".formatted(timesAsFast(result, baseline));
    }

    /** Baselines move the same parameters, in f32. */
    private static double timesAsFast(Result result, Figures baseline) {
        return baseline.medianSeconds() / result.exchange().medianSeconds();
    }
}
