package dev.tutti.client.cli;

import dev.tutti.client.report.Table;
import dev.tutti.proto.launch.KernelsBenchmark;
import dev.tutti.proto.launch.KernelsBenchmark.Kernel;
import dev.tutti.proto.launch.KernelsBenchmark.Omission;
import dev.tutti.proto.launch.KernelsBenchmark.Request;
import dev.tutti.proto.launch.KernelsBenchmark.Result;
import dev.tutti.proto.launch.LaunchException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tutti bench kernels}. */
@Command(
        name = "kernels",
        mixinStandardHelpOptions = true,
        description = "Times single operations in the sizes of GPT-2: products, attention, norms, loss.")
final class BenchKernelsCommand implements Callable<Integer> {
    private final Shell shell;

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description = "f32, bf16 or f16, of products and attention (default: ${DEFAULT-VALUE}).")
    private String precision = "f32";

    @Option(names = "--threads", paramLabel = "N", description = "Compute threads (default: ${DEFAULT-VALUE}).")
    private int threads = 1;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            description = "As in the worker's configuration (default: ${DEFAULT-VALUE}).")
    private String backend = "auto";

    @Option(
            names = "--plugins",
            paramLabel = "DIR",
            description = "A folder with the jars of a further backend (default: $$TUTTI_PLUGINS, else none).")
    private Optional<Path> plugins = Optional.empty();

    @Mixin
    private BenchOptions options = new BenchOptions();

    BenchKernelsCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws CommandException, LaunchException {
        BenchOptions.require(threads >= 1, "--threads must be 1 or more, got " + threads);
        Request request = new Request(
                precision,
                threads,
                backend,
                plugins.or(() -> shell.variable("TUTTI_PLUGINS").map(Path::of)),
                options.time());
        Result result = options.load(KernelsBenchmark.class).measure(request);
        return options.print(shell, report(result), () -> table(result));
    }

    private static Map<String, Object> report(Result result) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("backend", result.backend());
        report.put("precision", result.precision());
        report.put("threads", result.threads());
        report.put(
                "kernels",
                result.kernels().stream().map(BenchKernelsCommand::report).toList());
        report.put(
                "omitted",
                result.omissions().stream().map(BenchKernelsCommand::report).toList());
        return report;
    }

    private static Map<String, Object> report(Kernel kernel) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("kernel", kernel.name());
        report.put("size", kernel.size());
        report.put("runs", kernel.runs());
        report.put("millis_median", kernel.medianMillis());
        report.put("flops", kernel.flops());
        report.put("achieved_gflops", kernel.gigaflopsPerSecond());
        report.put("bytes", kernel.bytes());
        report.put("gigabytes_per_second", kernel.gigabytesPerSecond());
        return report;
    }

    private static Map<String, Object> report(Omission omission) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("kernel", omission.name());
        report.put("size", omission.size());
        report.put("reason", omission.reason());
        return report;
    }

    private static String table(Result result) {
        Table table = new Table().row("backend", result.backend()).row("precision", result.precision());
        for (Kernel kernel : result.kernels()) {
            table.row(
                    kernel.name(),
                    kernel.size(),
                    "%.3f ms median of %,d".formatted(kernel.medianMillis(), kernel.runs()),
                    speed(kernel));
        }
        result.omissions().forEach(omission -> table.row(omission.name(), omission.size(), omission.reason()));
        return table.toString();
    }

    /** By what it is bound: its products, or memory if it has none. */
    private static String speed(Kernel kernel) {
        return kernel.flops() > 0
                ? BenchOptions.flops(kernel.gigaflopsPerSecond())
                : "%.1f GB/s".formatted(kernel.gigabytesPerSecond());
    }
}
