package dev.tutti.proto.launch;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Measures single operations in this process, in the sizes of large models. Provided through {@link java.util.ServiceLoader}. */
public interface KernelsBenchmark {
    /**
     * What to measure.
     *
     * @param precision f32, bf16 or f16: what products and attention read and write
     * @param threads compute threads, 1 or more
     * @param backend as in the worker's configuration
     * @param plugins a folder with the jars of further backends
     * @param time to spend on it, warm-up included; sizes that would take longer are left out, but of each operation the smallest
     */
    record Request(String precision, int threads, String backend, Optional<Path> plugins, Duration time) {}

    /** One operation in one size. */
    sealed interface Outcome {
        /** Such as {@code matmul}. */
        String name();

        /** For people, with everything its cost depends on. */
        String size();
    }

    /**
     * What it took.
     *
     * @param flops multiplications and additions of its products; 0 if it has none
     * @param bytes of what it reads and writes, each operand and each result once
     * @param runs of which the median is
     */
    record Kernel(String name, String size, long flops, long bytes, int runs, double medianMillis) implements Outcome {
        public double gigaflopsPerSecond() {
            return flops / medianMillis * 1e-6;
        }

        public double gigabytesPerSecond() {
            return bytes / medianMillis * 1e-6;
        }
    }

    /** Why it was not measured, in a few words. */
    record Omission(String name, String size, String reason) implements Outcome {}

    /**
     * What was found.
     *
     * @param backend with everything its numbers depend on
     * @param outcomes of each operation the sizes in the order of their cost
     */
    record Result(String backend, String precision, int threads, List<Outcome> outcomes) {
        public Result {
            outcomes = List.copyOf(outcomes);
        }
    }

    /**
     * Measures one size after the other.
     *
     * @param progress takes what has been found so far: nothing at first, then one outcome more at each call; the last call's is what is returned
     * @throws LaunchException with one sentence for the user
     */
    Result measure(Request request, Consumer<Result> progress) throws LaunchException;
}
