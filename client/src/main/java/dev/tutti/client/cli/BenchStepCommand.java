package dev.tutti.client.cli;

import dev.tutti.client.report.Table;
import dev.tutti.client.yaml.JobFile;
import dev.tutti.client.yaml.SpecException;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.StepBenchmark;
import dev.tutti.proto.launch.StepBenchmark.Part;
import dev.tutti.proto.launch.StepBenchmark.Request;
import dev.tutti.proto.launch.StepBenchmark.Result;
import dev.tutti.proto.v1.JobSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tutti bench step}. */
@Command(
        name = "step",
        mixinStandardHelpOptions = true,
        description = "Times a training step (forward, backward and optimizer) in this process, on random data.")
final class BenchStepCommand implements Callable<Integer> {
    private final Shell shell;

    @Option(
            names = "--model",
            paramLabel = "NAME|FILE",
            description = "mlp, lenet, lstm, transformer or gpt2 in the sizes docs/benchmarks.md names, or a job file"
                    + " (default: ${DEFAULT-VALUE}).")
    private String model = "mlp";

    @Option(names = "--batch", paramLabel = "N", description = "Samples of a step (default: the model's).")
    private Optional<Integer> batch = Optional.empty();

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description = "f32, bf16 or f16 (default: the job file's, else f32).")
    private Optional<String> precision = Optional.empty();

    @Mixin
    private BenchBackendOptions computing = new BenchBackendOptions();

    @Option(names = "--profile", description = "Show what each part of the step takes, the longest first.")
    private boolean profile;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where a job file finds its data set (default: $$TUTTI_DATA, else data).")
    private Optional<Path> data = Optional.empty();

    @Mixin
    private BenchOptions options = new BenchOptions();

    BenchStepCommand(Shell shell) {
        this.shell = shell;
    }

    @Override
    public Integer call() throws CommandException, LaunchException, SpecException {
        BenchOptions.require(batch.orElse(1) >= 1, "--batch must be 1 or more, got " + batch.orElse(1));
        int threads = computing.threads();
        Result result = options.load(StepBenchmark.class).measure(request(threads, options.time()));
        return options.print(shell, report(result), () -> table(result));
    }

    private Request request(int threads, Duration time) throws SpecException {
        boolean isFile = model.endsWith(".yaml") || model.endsWith(".yml") || Files.isRegularFile(Path.of(model));
        Optional<JobSpec> job = isFile ? Optional.of(JobFile.load(Path.of(model), List.of())) : Optional.empty();
        return new Request(
                model,
                job,
                data.orElseGet(() -> Path.of(shell.variable("TUTTI_DATA").orElse("data"))),
                batch,
                precision,
                threads,
                computing.backend(),
                computing.plugins(shell),
                time,
                profile);
    }

    private static Map<String, Object> report(Result result) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("model", result.model());
        report.put("batch", result.batch());
        report.put("precision", result.precision());
        report.put("backend", result.backend());
        report.put("threads", result.threads());
        report.put("parameters", result.parameters());
        report.put("steps", result.steps());
        report.put("step_millis_median", result.medianMillis());
        report.put("step_millis_fastest", result.fastestMillis());
        report.put("samples_per_second", result.samplesPerSecond());
        report.put("flops_per_step", result.flops());
        report.put("achieved_gflops", result.gigaflopsPerSecond());
        result.matmulGigaflops().ifPresent(gigaflops -> report.put("matmul_gflops", gigaflops));
        result.shareOfMatmul().ifPresent(share -> report.put("share_of_matmul", share));
        if (!result.parts().isEmpty()) {
            report.put(
                    "parts",
                    longestFirst(result).stream()
                            .map(part -> Map.of("instruction", part.instruction(), "micros", part.micros()))
                            .toList());
        }
        return report;
    }

    private static String table(Result result) {
        Table table = new Table()
                .row(
                        "model",
                        "%s, %,d parameters, batch %,d, %s"
                                .formatted(result.model(), result.parameters(), result.batch(), result.precision()))
                .row("backend", result.backend())
                .row(
                        "step",
                        "%.3f ms median of %,d, %.3f ms fastest"
                                .formatted(result.medianMillis(), result.steps(), result.fastestMillis()))
                .row(
                        "speed",
                        (result.samplesPerSecond() < 100 ? "%.1f samples/s, %s" : "%,.0f samples/s, %s")
                                .formatted(result.samplesPerSecond(), BenchOptions.flops(result.gigaflopsPerSecond())));
        result.matmulGigaflops()
                .ifPresent(gigaflops -> table.row(
                        "matmul",
                        "%s by a square product in %s; the step has %.2f of it"
                                .formatted(
                                        BenchOptions.flops(gigaflops),
                                        result.precision(),
                                        result.gigaflopsPerSecond() / gigaflops)));
        longestFirst(result).forEach(part -> table.row("%,.1f µs".formatted(part.micros()), part.instruction()));
        return table.toString();
    }

    private static List<Part> longestFirst(Result result) {
        return result.parts().stream()
                .sorted(Comparator.comparingDouble(Part::micros).reversed())
                .toList();
    }
}
