package dev.tutti.benchmarks.kernels;

import dev.tutti.benchmarks.BackendOptions;
import dev.tutti.proto.launch.KernelsBenchmark;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.graph.ElementType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Every operation has the same share of the time, and goes through its sizes, the smallest first, while they fit into it. */
public final class ProcessKernelsBenchmark implements KernelsBenchmark {
    /** One to warm up, and the least that a median needs. */
    private static final int RUNS_OF_A_SIZE = 4;

    @Override
    public Result measure(Request request) throws LaunchException {
        ElementType type = BackendOptions.precision(request.precision());
        Backend backend = BackendOptions.backend(request.backend(), request.threads(), request.plugins());
        List<List<KernelCase>> operations = operations(type);
        Duration share = request.time().dividedBy(operations.size());
        List<Kernel> kernels = new ArrayList<>();
        List<Omission> omissions = new ArrayList<>();
        for (List<KernelCase> sizes : operations) {
            measure(sizes, backend, share, kernels, omissions);
        }
        return new Result(backend.numerics(), type.toString(), request.threads(), kernels, omissions);
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

    private static void measure(
            List<KernelCase> sizes, Backend backend, Duration time, List<Kernel> kernels, List<Omission> omissions) {
        Duration each = time.dividedBy(sizes.size());
        double expectedMillis = 0;
        for (int i = 0; i < sizes.size(); i++) {
            KernelCase kernel = sizes.get(i);
            if (RUNS_OF_A_SIZE * expectedMillis > time.toMillis()) {
                omissions.add(omission(kernel, "would take longer than its share of the time"));
                continue;
            }
            try (TimedKernel timed = new TimedKernel(kernel, backend)) {
                TimedKernel.Timing timing = timed.time(each);
                kernels.add(new Kernel(
                        kernel.name(), kernel.size(), kernel.flops(), kernel.bytes(), timing.runs(), timing.millis()));
                expectedMillis = i + 1 < sizes.size() ? timing.millis() * growth(kernel, sizes.get(i + 1)) : 0;
            } catch (UnsupportedOperationException e) {
                omissions.add(omission(kernel, String.valueOf(e.getMessage())));
            } catch (OutOfMemoryError _) {
                omissions.add(omission(kernel, "does not fit into this process's memory"));
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
