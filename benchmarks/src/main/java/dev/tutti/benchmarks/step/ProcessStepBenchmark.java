package dev.tutti.benchmarks.step;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.StepBenchmark;
import dev.tutti.proto.spec.DidYouMean;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendUnavailableException;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.graph.ElementType;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Times steps one by one, after a third of the time has gone by: the JIT compiler has done its work by then, or the time was too short. */
public final class ProcessStepBenchmark implements StepBenchmark {
    private static final int USAGE = 2;
    private static final int LEAST_STEPS = 3;
    private static final int MOST_STEPS = 1_000_000;

    @Override
    public Result measure(Request request) throws LaunchException {
        Backend backend = backend(request);
        BenchModel model = model(request);
        ElementType precision = precision(request);
        try (TrainingStep step = new TrainingStep(model, precision, backend)) {
            double[] millis = time(step, request.time());
            return new Result(
                    model.name(),
                    model.batch(),
                    precision.toString(),
                    backend.numerics(),
                    request.threads(),
                    step.parameterCount(),
                    step.flops(),
                    millis.length,
                    millis[millis.length / 2],
                    millis[0],
                    request.profiled() ? step.profile() : List.of());
        } catch (UnsupportedOperationException e) {
            throw new LaunchException(USAGE, "backend %s: %s".formatted(backend.name(), e.getMessage()), e);
        }
    }

    private static Backend backend(Request request) throws LaunchException {
        try {
            return Backends.select(request.backend(), request.threads(), request.plugins());
        } catch (BackendUnavailableException e) {
            throw new LaunchException(USAGE, "--backend: " + e.getMessage(), e);
        }
    }

    private static BenchModel model(Request request) throws LaunchException {
        BenchModel model = BenchModel.Preset.named(request.model())
                .orElseThrow(() -> unknown(request.model()))
                .model();
        return new BenchModel(
                model.name(),
                model.spec(),
                model.objective(),
                model.optimizer(),
                request.batch().orElse(model.batch()));
    }

    private static LaunchException unknown(String model) {
        List<String> names = Arrays.stream(BenchModel.Preset.values())
                .map(BenchModel.Preset::label)
                .toList();
        return new LaunchException(
                USAGE,
                "--model %s is neither one of %s nor a job file%s"
                        .formatted(model, BenchModel.Preset.names(), DidYouMean.hint(model, names)),
                null);
    }

    private static ElementType precision(Request request) throws LaunchException {
        String name = request.precision().orElse("f32");
        return Stream.of(ElementType.values())
                .filter(ElementType::isFloat)
                .filter(type -> type.toString().equals(name))
                .findFirst()
                .orElseThrow(
                        () -> new LaunchException(USAGE, "--precision must be f32, bf16 or f16, got " + name, null));
    }

    /** Milliseconds of each step, sorted. */
    private static double[] time(TrainingStep step, Duration time) {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < time.toNanos() / 3) {
            step.run();
        }
        double[] millis = new double[MOST_STEPS];
        int steps = 0;
        long last = System.nanoTime();
        while (steps < LEAST_STEPS || (last - begin < time.toNanos() && steps < MOST_STEPS)) {
            step.run();
            long now = System.nanoTime();
            millis[steps++] = (now - last) / 1e6;
            last = now;
        }
        return Arrays.stream(millis, 0, steps).sorted().toArray();
    }
}
