package dev.tutti.proto.launch;

import dev.tutti.proto.v1.JobSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Measures training steps (forward, backward and optimizer) in this process. Provided through {@link java.util.ServiceLoader}. */
public interface StepBenchmark {
    /**
     * What to measure.
     *
     * @param model a name this benchmark knows; empty if there is a job
     * @param job with all defaults filled in, whose model, batch, precision and optimizer are meant
     * @param data the folder in which the job finds its data, which tells shapes and classes
     * @param batch samples of a step, instead of the job's or the model's usual number
     * @param precision f32, bf16 or f16, instead of the job's or f32
     * @param threads compute threads, 1 or more
     * @param backend as in the worker's configuration
     * @param plugins a folder with the jars of further backends
     * @param time to spend on it, warm-up included
     * @param profiled whether to say where the time goes
     */
    record Request(
            String model,
            Optional<JobSpec> job,
            Path data,
            Optional<Integer> batch,
            Optional<String> precision,
            int threads,
            String backend,
            Optional<Path> plugins,
            Duration time,
            boolean profiled) {}

    /**
     * What one instruction of the program took.
     *
     * @param instruction for people
     */
    record Part(String instruction, double micros) {}

    /**
     * What was found.
     *
     * @param backend with everything its numbers depend on
     * @param flops of one step: multiplications and additions of all products
     * @param matmulGigaflops per second, which the backend reaches in a square product of the same precision, measured just before; empty if it has none by itself
     * @param parts in the order in which they run; empty unless asked for
     */
    record Result(
            String model,
            int batch,
            String precision,
            String backend,
            int threads,
            long parameters,
            long flops,
            int steps,
            double medianMillis,
            double fastestMillis,
            OptionalDouble matmulGigaflops,
            List<Part> parts) {
        public double samplesPerSecond() {
            return batch / medianMillis * 1e3;
        }

        public double gigaflopsPerSecond() {
            return flops / medianMillis * 1e-6;
        }

        /** What the step reaches of the product's rate. */
        public OptionalDouble shareOfMatmul() {
            return matmulGigaflops.stream()
                    .map(matmul -> gigaflopsPerSecond() / matmul)
                    .findFirst();
        }
    }

    /** @throws LaunchException with one sentence for the user */
    Result measure(Request request) throws LaunchException;
}
