package dev.tutti.client.cli;

import dev.tutti.client.report.Table;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.OptimizerBenchmark;
import dev.tutti.proto.launch.OptimizerBenchmark.Request;
import dev.tutti.proto.launch.OptimizerBenchmark.Result;
import dev.tutti.proto.launch.OptimizerBenchmark.Rule;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tutti bench optimizer}. */
@Command(
        name = "optimizer",
        mixinStandardHelpOptions = true,
        description = "Times the update of a shard's parameters, and beside it a copy of as much memory.")
final class BenchOptimizerCommand implements Callable<Integer> {
    private static final long MOST_PARAMETERS = 1L << 28;

    private final Shell shell;

    @Option(
            names = "--optimizer",
            paramLabel = "NAME",
            description = "sgd, momentum, nesterov, adam, adamw, rmsprop or adagrad (default: ${DEFAULT-VALUE}).")
    private String optimizer = Rule.ADAM.id();

    @Option(
            names = "--parameters",
            paramLabel = "N",
            converter = ByteSize.Converter.class,
            description = "How many (default: ${DEFAULT-VALUE}).",
            defaultValue = "16Mi")
    private ByteSize parameters = new ByteSize(16 << 20);

    @Mixin
    private BenchOptions options = new BenchOptions();

    BenchOptimizerCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws CommandException, LaunchException {
        BenchOptions.require(
                parameters.count() >= 1 && parameters.count() <= MOST_PARAMETERS,
                "--parameters must be 1 to 256Mi, got " + parameters.count());
        Rule rule = BenchOptions.choose("--optimizer", Rule.values(), Rule::id, optimizer);
        Request request = new Request(parameters.count(), rule, options.time());
        Result result = options.load(OptimizerBenchmark.class).measure(request);
        return options.print(shell, report(result), () -> table(result));
    }

    private Map<String, Object> report(Result result) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("optimizer", optimizer);
        report.put("parameters", result.parameters());
        report.put("bytes_per_parameter", result.bytesPerParameter());
        report.put("updates", result.updates());
        report.put("update_seconds_median", result.medianSeconds());
        report.put("parameters_per_second", result.parametersPerSecond());
        report.put("bytes_per_second", result.bytesPerSecond());
        report.put("copy_bytes_per_second", result.copyBytesPerSecond());
        report.put("share_of_copy_bandwidth", result.shareOfCopyBandwidth());
        return report;
    }

    private String table(Result result) {
        return new Table()
                .row(
                        "update",
                        "%s of %,d parameters, %.2f ms median of %,d"
                                .formatted(
                                        optimizer, result.parameters(), result.medianSeconds() * 1e3, result.updates()))
                .row(
                        "speed",
                        "%,.0f million parameters/s, %.1f GB/s at %d bytes a parameter"
                                .formatted(
                                        result.parametersPerSecond() / 1e6,
                                        result.bytesPerSecond() / 1e9,
                                        result.bytesPerParameter()))
                .row(
                        "copy",
                        "%.1f GB/s read and written; the update has %.2f of it"
                                .formatted(result.copyBytesPerSecond() / 1e9, result.shareOfCopyBandwidth()))
                .toString();
    }
}
