package dev.tutti.benchmarks.exchange;

import com.sun.management.OperatingSystemMXBean;
import dev.tutti.proto.launch.ExchangeBenchmark.Figures;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Times laps of several kinds in turn, so that whatever else the machine does hits all of them. */
final class Laps {
    private static final int ROUNDS = 5;
    private static final int LEAST = 2;

    private final Lap lap;
    private final long payloadBytes;
    private final List<Double> seconds = new ArrayList<>();
    private long cpuNanos;
    private boolean warm;

    /** @param payloadBytes of one lap, all workers, both directions */
    Laps(Lap lap, long payloadBytes) {
        this.lap = lap;
        this.payloadBytes = payloadBytes;
    }

    /** Measures each for that long, the first quarter of it unmeasured. */
    static void inTurn(List<Laps> all, Duration time) throws Exception {
        long warmUp = time.toNanos() / 4;
        for (Laps laps : all) {
            laps.spend(warmUp);
            laps.warm = true;
        }
        for (int round = 0; round < ROUNDS; round++) {
            for (Laps laps : all) {
                laps.spend((time.toNanos() - warmUp) / ROUNDS);
            }
        }
    }

    private void spend(long nanos) throws Exception {
        long end = System.nanoTime() + nanos;
        for (int count = 0; count < LEAST || System.nanoTime() < end; count++) {
            long cpu = cpuNanos();
            long begin = System.nanoTime();
            lap.run();
            double lasted = (System.nanoTime() - begin) / 1e9;
            if (warm) {
                seconds.add(lasted);
                cpuNanos += cpuNanos() - cpu;
            }
        }
    }

    Figures figures() {
        double median = seconds.stream().sorted().toList().get(seconds.size() / 2);
        return new Figures(
                seconds.size(), median, payloadBytes / median, (double) cpuNanos / payloadBytes / seconds.size());
    }

    private static long cpuNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
}
