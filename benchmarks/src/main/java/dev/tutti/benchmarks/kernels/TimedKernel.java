package dev.tutti.benchmarks.kernels;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.SplittableRandom;

/**
 * A {@link KernelCase} compiled, on random numbers. Timed instruction by instruction, where the backend computes: what a program copies to and from a
 * device is no part of it. One thread uses it.
 */
final class TimedKernel implements AutoCloseable {
    private static final long SEED = 11;
    private static final int LEAST_RUNS = 3;
    private static final int MOST_RUNS = 1001;
    /** Where no time is left, such a run is not done again: one must do. */
    private static final double LONG_MILLIS = 1000;
    /** So many numbers are drawn; more are copies of these. */
    private static final long DRAWN = 1 << 16;

    private static final MemorySegment NONE = MemorySegment.NULL;

    private final Program program;

    /**
     * What was measured.
     *
     * @param millis the median
     */
    record Timing(int runs, double millis) {}

    /** @throws UnsupportedOperationException if the backend lacks an operation */
    TimedKernel(KernelCase kernel, Backend backend) {
        program = backend.compile(kernel.graph(), new ParameterBuffers(NONE, NONE));
        SplittableRandom random = new SplittableRandom(SEED);
        for (Tensor input : kernel.graph().inputs()) {
            fill(program.input(input.name()), input, kernel.labels(), random);
        }
    }

    private static void fill(MemorySegment memory, Tensor input, int labels, SplittableRandom random) {
        long drawn = Math.min(DRAWN, input.elementCount());
        if (input.type() == ElementType.I32) {
            for (long i = 0; i < drawn; i++) {
                memory.setAtIndex(JAVA_INT, i, random.nextInt(labels));
            }
        } else {
            Values values = Values.of(memory, input.type());
            for (long i = 0; i < drawn; i++) {
                values.set(i, random.nextGaussian());
            }
        }
        long period = drawn * input.type().byteSize();
        for (long begin = period; begin < input.byteSize(); begin += period) {
            MemorySegment.copy(memory, 0, memory, begin, Math.min(period, input.byteSize() - begin));
        }
    }

    /** So often as fits the time, and three times at least, or once if it takes long. The first third of the time does not count. */
    Timing time(Duration time) {
        long begin = System.nanoTime();
        double last;
        do {
            last = millis(1);
        } while (System.nanoTime() - begin < time.toNanos() / 3);
        double left = (time.toNanos() - (System.nanoTime() - begin)) * 1e-6;
        int least = last < LONG_MILLIS ? LEAST_RUNS : 1;
        int runs = (int) Math.clamp(left / last, least, MOST_RUNS);
        return new Timing(runs, millis(runs));
    }

    private double millis(int runs) {
        return program.profile(runs).stream()
                .mapToDouble(timing -> timing.nanos() * 1e-6)
                .sum();
    }

    @Override
    public void close() {
        program.close();
    }
}
