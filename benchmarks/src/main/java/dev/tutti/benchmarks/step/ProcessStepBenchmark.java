package dev.tutti.benchmarks.step;

import static dev.tutti.benchmarks.backend.BackendOptions.USAGE;

import dev.tutti.benchmarks.backend.BackendOptions;
import dev.tutti.benchmarks.kernels.MatmulPeak;
import dev.tutti.parameterserver.shard.JobOptimizer;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.StepBenchmark;
import dev.tutti.proto.spec.DidYouMean;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendLostException;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.worker.data.DataException;
import dev.tutti.worker.data.DataShelf;
import dev.tutti.worker.data.MnistDownload;
import dev.tutti.worker.training.JobData;
import dev.tutti.worker.training.JobStep;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/** Times steps one by one, after a third of the time has gone by: the JIT compiler has done its work by then, or the time was too short. */
public final class ProcessStepBenchmark implements StepBenchmark {
    private static final int INTERRUPTED = 130;
    private static final int LEAST_STEPS = 3;
    private static final int MOST_STEPS = 1_000_000;

    @Override
    public Result measure(Request request) throws LaunchException {
        Backend backend = BackendOptions.backend(request.backend(), request.threads(), request.plugins());
        BenchModel model = model(request);
        try {
            return measure(model, backend, request);
        } catch (BackendLostException e) {
            throw BackendOptions.lost(backend.name(), e);
        }
    }

    private static Result measure(BenchModel model, Backend backend, Request request) throws LaunchException {
        OptionalDouble matmul = MatmulPeak.gigaflopsPerSecond(backend, model.precision());
        try (TrainingStep step = new TrainingStep(model, backend)) {
            double[] millis = time(step, request.time());
            return new Result(
                    model.name(),
                    model.batch(),
                    model.precision().toString(),
                    backend.numerics(),
                    request.threads(),
                    step.parameterCount(),
                    step.flops(),
                    millis.length,
                    millis[millis.length / 2],
                    millis[0],
                    matmul,
                    request.profiled() ? step.profile() : List.of());
        } catch (UnsupportedOperationException | IllegalArgumentException e) {
            throw new LaunchException(USAGE, "%s on %s: %s".formatted(model.name(), backend.name(), e.getMessage()), e);
        } catch (OutOfMemoryError | ArithmeticException e) {
            throw new LaunchException(USAGE, tooLarge(model), e);
        }
    }

    private static String tooLarge(BenchModel model) {
        return "the model's %,d parameters, their gradients and a batch of %,d samples do not fit into this process's memory: make the model or --batch smaller, or give it more (TUTTI_JAVA_OPTS=-XX:MaxDirectMemorySize=…, which is -Xmx if it is not set)"
                .formatted(
                        Models.evaluation(model.spec(), model.objective(), 1, model.precision())
                                .parameterElements(),
                        model.batch());
    }

    private static BenchModel model(Request request) throws LaunchException {
        BenchModel model =
                request.job().isPresent() ? ofJob(request, request.job().get()) : preset(request.model());
        ElementType precision = BackendOptions.precision(
                request.precision().orElse(model.precision().toString()));
        return model.with(request.batch().orElse(model.batch()), precision);
    }

    private static BenchModel preset(String name) throws LaunchException {
        return BenchModel.Preset.named(name).orElseThrow(() -> unknown(name)).model();
    }

    /** Its data is read, for the shapes and the classes. */
    private static BenchModel ofJob(Request request, JobSpec job) throws LaunchException {
        JobData data = new JobData(request.data(), new MnistDownload(MnistDownload.PUBLIC_MIRRORS), new DataShelf());
        try {
            JobStep step = JobStep.of(job, request.batch(), data);
            SliceOptimizer optimizer = JobOptimizer.of(job.getName(), job.getTraining());
            return new BenchModel(
                    job.getName(), step.model(), step.objective(), optimizer, step.batch(), step.compute());
        } catch (DataException e) {
            throw new LaunchException(USAGE, e.sentence(), e);
        } catch (OutOfMemoryError e) {
            throw new LaunchException(
                    USAGE,
                    "the data does not fit into this process's memory of %d MiB: use less of it, or give it more (TUTTI_JAVA_OPTS=-Xmx…)"
                            .formatted(Runtime.getRuntime().maxMemory() >> 20),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LaunchException(INTERRUPTED, "interrupted while reading the data", e);
        }
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
