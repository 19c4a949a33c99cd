package dev.tutti.benchmarks.kernels;

import dev.tutti.benchmarks.backend.BackendOptions;
import dev.tutti.proto.launch.KernelsBenchmark;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendLostException;
import dev.tutti.tensor.graph.ElementType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Every operation has an equal share of the time that is left, and goes through its sizes, the smallest first, while they fit into it. The smallest is
 * measured in any case, a few times.
 */
public final class ProcessKernelsBenchmark implements KernelsBenchmark {
    /** One to warm up, and the least that a median needs. */
    private static final int RUNS_OF_A_SIZE = 4;

    @Override
    public Result measure(Request request, Consumer<Result> progress) throws LaunchException {
        long begin = System.nanoTime();
        ElementType type = BackendOptions.precision(request.precision());
        Backend backend = BackendOptions.backend(request.backend(), request.threads(), request.plugins());
        Findings findings = new Findings(request, type, backend, progress);
        List<List<KernelCase>> operations = operations(type);
        try {
            for (int i = 0; i < operations.size(); i++) {
                Duration left = request.time().minusNanos(System.nanoTime() - begin);
                measure(operations.get(i), backend, left.dividedBy(operations.size() - i), findings);
            }
        } catch (BackendLostException e) {
            throw BackendOptions.lost(backend.name(), e);
        }
        return findings.result();
    }

    /** What has been found so far, of which every new outcome is told. */
    private static final class Findings {
        private final Request request;
        private final ElementType type;
        private final String numerics;
        private final Consumer<Result> progress;
        private final List<Outcome> outcomes = new ArrayList<>();

        Findings(Request request, ElementType type, Backend backend, Consumer<Result> progress) {
            this.request = request;
            this.type = type;
            this.numerics = backend.numerics();
            this.progress = progress;
            progress.accept(result());
        }

        void add(Outcome outcome) {
            outcomes.add(outcome);
            progress.accept(result());
        }

        Result result() {
            return new Result(numerics, type.toString(), request.threads(), outcomes);
        }
    }

    /** Of each the sizes, in the order of their cost. */
    private static List<List<KernelCase>> operations(ElementType type) {
        return List.of(
                sizes(n -> KernelCase.matmul(type, n), 1024, 2048, 4096, 8192),
                List.of(KernelCase.attention(type, 4, 1024, false), KernelCase.attention(type, 1, 4096, false)),
                List.of(KernelCase.attention(type, 4, 1024, true), KernelCase.attention(type, 1, 4096, true)),
                sizes(rows -> KernelCase.layerNorm(rows, false), 1024, 4096),
                sizes(rows -> KernelCase.layerNorm(rows, true), 1024, 4096),
                sizes(KernelCase::crossEntropy, 1024, 4096));
    }

    private static List<KernelCase> sizes(IntFunction<KernelCase> ofSize, int... sizes) {
        return IntStream.of(sizes).mapToObj(ofSize).toList();
    }

    private static void measure(List<KernelCase> sizes, Backend backend, Duration time, Findings findings) {
        long end = System.nanoTime() + time.toNanos();
        double expectedMillis = 0;
        for (int i = 0; i < sizes.size(); i++) {
            KernelCase kernel = sizes.get(i);
            long left = Math.max(0, end - System.nanoTime());
            if (i > 0 && (left == 0 || RUNS_OF_A_SIZE * expectedMillis * 1e6 > left)) {
                findings.add(omission(kernel, "no time left"));
                continue;
            }
            try (TimedKernel timed = new TimedKernel(kernel, backend)) {
                TimedKernel.Timing timing = timed.time(Duration.ofNanos(left / (sizes.size() - i)));
                findings.add(new Kernel(
                        kernel.name(), kernel.size(), kernel.flops(), kernel.bytes(), timing.runs(), timing.millis()));
                expectedMillis = i + 1 < sizes.size() ? timing.millis() * growth(kernel, sizes.get(i + 1)) : 0;
            } catch (UnsupportedOperationException e) {
                findings.add(omission(kernel, String.valueOf(e.getMessage())));
            } catch (OutOfMemoryError _) {
                findings.add(omission(kernel, "does not fit into this process's memory"));
            }
        }
    }

    /** How many times as much the larger one costs. */
    private static double growth(KernelCase smaller, KernelCase larger) {
        return smaller.flops() > 0
                ? (double) larger.flops() / smaller.flops()
                : (double) larger.bytes() / smaller.bytes();
    }

    private static Omission omission(KernelCase kernel, String reason) {
        return new Omission(kernel.name(), kernel.size(), reason);
    }
}
