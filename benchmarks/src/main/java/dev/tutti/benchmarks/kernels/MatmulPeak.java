package dev.tutti.benchmarks.kernels;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.graph.ElementType;
import java.time.Duration;
import java.util.OptionalDouble;

/** What a square product reaches here: the yardstick of whatever consists of products. */
public final class MatmulPeak {
    private static final int SMALLEST = 256;
    private static final int LARGEST = 8192;
    private static final double LONG_ENOUGH_MILLIS = 20;
    private static final Duration TIME_OF_A_SIZE = Duration.ofMillis(300);

    private MatmulPeak() {}

    /**
     * GFLOP/s of (n, n) × (n, n), with n doubled until a product takes 20 ms or n is 8192: of each size the median, and of these the best.
     *
     * @param type of operands and result
     * @return empty if the backend has no product by itself
     */
    public static OptionalDouble gigaflopsPerSecond(Backend backend, ElementType type) {
        double best = 0;
        for (int size = SMALLEST; size <= LARGEST; size *= 2) {
            KernelCase matmul = KernelCase.matmul(type, size);
            try (TimedKernel kernel = new TimedKernel(matmul, backend)) {
                double millis = kernel.time(TIME_OF_A_SIZE).millis();
                best = Math.max(best, matmul.flops() / millis * 1e-6);
                if (millis >= LONG_ENOUGH_MILLIS) {
                    break;
                }
            } catch (UnsupportedOperationException _) {
                return OptionalDouble.empty();
            }
        }
        return OptionalDouble.of(best);
    }
}
