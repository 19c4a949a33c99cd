package dev.tutti.client.cli;

import dev.tutti.client.report.Table;
import dev.tutti.proto.launch.KernelsBenchmark;
import dev.tutti.proto.launch.KernelsBenchmark.Kernel;
import dev.tutti.proto.launch.KernelsBenchmark.Omission;
import dev.tutti.proto.launch.KernelsBenchmark.Outcome;
import dev.tutti.proto.launch.KernelsBenchmark.Request;
import dev.tutti.proto.launch.KernelsBenchmark.Result;
import dev.tutti.proto.launch.LaunchException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tutti bench kernels}. */
@Command(
        name = "kernels",
        mixinStandardHelpOptions = true,
        description = {
            "Times single operations in the sizes of GPT-2: products, attention, norms, loss.",
            "Once the time is up only operations without a figure are still measured, in their smallest size and up to"
                    + " three times."
        })
final class BenchKernelsCommand implements Callable<Integer> {
    private final Shell shell;

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description = "f32, bf16 or f16, of products and attention (default: ${DEFAULT-VALUE}).")
    private String precision = "f32";

    @Mixin
    private BenchBackendOptions computing = new BenchBackendOptions();

    @Mixin
    private BenchOptions options = new BenchOptions();

    BenchKernelsCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws CommandException, LaunchException {
        Request request = new Request(
                precision, computing.threads(), computing.backend(), computing.plugins(shell), options.time());
        KernelsBenchmark benchmark = options.load(KernelsBenchmark.class);
        AtomicReference<@Nullable Result> found = new AtomicReference<>();
        var _ = Interruption.watch(() -> {
            print(found.getAndSet(null));
            Runtime.getRuntime().halt(ExitCodes.INTERRUPTED);
        });
        try {
            benchmark.measure(request, result -> progress(result, found));
        } finally {
            print(found.getAndSet(null));
        }
        return ExitCodes.OK;
    }

    private void progress(Result result, AtomicReference<@Nullable Result> found) {
        found.set(result);
        if (!result.outcomes().isEmpty()) {
            shell.say(String.join("  ", row(result.outcomes().getLast())));
        }
    }

    /** Once, even if the benchmark fails or is interrupted on the way. */
    private void print(@Nullable Result result) {
        if (result != null && !result.outcomes().isEmpty()) {
            options.print(shell, report(result), () -> table(result));
        }
    }

    private static Map<String, Object> report(Result result) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("backend", result.backend());
        report.put("precision", result.precision());
        report.put("threads", result.threads());
        List<Map<String, Object>> kernels = new ArrayList<>();
        List<Map<String, Object>> omissions = new ArrayList<>();
        for (Outcome outcome : result.outcomes()) {
            switch (outcome) {
                case Kernel kernel -> kernels.add(report(kernel));
                case Omission omission -> omissions.add(report(omission));
            }
        }
        report.put("kernels", kernels);
        report.put("omitted", omissions);
        return report;
    }

    private static Map<String, Object> report(Kernel kernel) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("kernel", kernel.name());
        report.put("size", kernel.size());
        report.put("runs", kernel.runs());
        report.put("millis_median", kernel.medianMillis());
        if (kernel.flops() > 0) {
            report.put("flops", kernel.flops());
            report.put("achieved_gflops", kernel.gigaflopsPerSecond());
        }
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
        result.outcomes().forEach(outcome -> table.row(row(outcome)));
        return table.toString();
    }

    private static List<String> row(Outcome outcome) {
        return switch (outcome) {
            case Kernel kernel ->
                List.of(
                        kernel.name(),
                        kernel.size(),
                        "%.3f ms median of %,d".formatted(kernel.medianMillis(), kernel.runs()),
                        speed(kernel));
            case Omission omission -> List.of(omission.name(), omission.size(), "omitted: " + omission.reason());
        };
    }

    /** By what it is bound: its products, or memory if it has none. */
    private static String speed(Kernel kernel) {
        return kernel.flops() > 0
                ? BenchOptions.flops(kernel.gigaflopsPerSecond())
                : "%.1f GB/s".formatted(kernel.gigabytesPerSecond());
    }
}
