package dev.tutti.proto.launch;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Measures single operations in this process, in the sizes of large models. Provided through {@link java.util.ServiceLoader}. */
public interface KernelsBenchmark {
    /**
     * What to measure.
     *
     * @param precision f32, bf16 or f16: what products and attention read and write
     * @param threads compute threads, 1 or more
     * @param backend as in the worker's configuration
     * @param plugins a folder with the jars of further backends
     * @param time to spend on it, warm-up included; sizes that would take longer are left out
     */
    record Request(String precision, int threads, String backend, Optional<Path> plugins, Duration time) {}

    /**
     * What one operation took.
     *
     * @param name such as {@code matmul}
     * @param size for people, with everything its cost depends on
     * @param flops multiplications and additions of its products; 0 if it has none
     * @param bytes of what it reads and writes, each operand and each result once
     * @param runs of which the median is
     */
    record Kernel(String name, String size, long flops, long bytes, int runs, double medianMillis) {
        public double gigaflopsPerSecond() {
            return flops / medianMillis * 1e-6;
        }

        public double gigabytesPerSecond() {
            return bytes / medianMillis * 1e-6;
        }
    }

    /** What was not measured, and why, in a few words. */
    record Omission(String name, String size, String reason) {}

    /**
     * What was found.
     *
     * @param backend with everything its numbers depend on
     */
    record Result(String backend, String precision, int threads, List<Kernel> kernels, List<Omission> omissions) {}

    /** @throws LaunchException with one sentence for the user */
    Result measure(Request request) throws LaunchException;
}
