package dev.tutti.benchmarks.peer;

import dev.tutti.benchmarks.step.TrainingStep;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.graph.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.global.torch;

/**
 * Training steps of ours and of libtorch in one process, on one thread, in turn: round after round each of the four (two libraries, f32 and bf16) runs
 * for a while. Of each the median of its rounds' medians is printed, and how often ours fits into libtorch's: each side in its better precision.
 *
 * <p>Arguments: models (all four if there are none). {@code -Drounds=5 -Dseconds=2} are the defaults.
 */
public final class SideBySide {
    private static final int ROUNDS = Integer.getInteger("rounds", 5);
    private static final long ROUND_NANOS = Integer.getInteger("seconds", 2) * 1_000_000_000L;

    private SideBySide() {}

    public static void main(String[] models) {
        torch.set_num_threads(1);
        Backend backend = Backends.select("auto", 1);
        System.out.printf("ours: %s%n", backend.numerics());
        System.out.printf(
                "%-12s %10s %10s %10s %10s %7s%n", "ms a step", "torch f32", "bf16", "ours f32", "bf16", "ratio");
        for (String model : models.length > 0 ? models : new String[] {"mlp", "lenet", "lstm", "transformer"}) {
            compare(model, backend);
        }
    }

    private static void compare(String model, Backend backend) {
        try (TrainingStep f32 = TrainingStep.of(model, ElementType.F32, backend);
                TrainingStep bf16 = TrainingStep.of(model, ElementType.BF16, backend)) {
            List<Runnable> steps =
                    List.of(new TorchStep(model, false), new TorchStep(model, true), f32::run, bf16::run);
            List<List<Double>> medians = new ArrayList<>();
            for (Runnable step : steps) {
                medians.add(new ArrayList<>());
                medianMillis(step);
            }
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < steps.size(); i++) {
                    medians.get(i).add(medianMillis(steps.get(i)));
                }
            }
            double[] millis = medians.stream().mapToDouble(SideBySide::median).toArray();
            double ratio = Math.min(millis[0], millis[1]) / Math.min(millis[2], millis[3]);
            System.out.printf(
                    Locale.ROOT,
                    "%-12s %10.3f %10.3f %10.3f %10.3f %7.2f%n",
                    model,
                    millis[0],
                    millis[1],
                    millis[2],
                    millis[3],
                    ratio);
        }
    }

    /** Of the steps of one round. */
    private static double medianMillis(Runnable step) {
        List<Double> millis = new ArrayList<>();
        long begin = System.nanoTime();
        long last = begin;
        while (last - begin < ROUND_NANOS) {
            step.run();
            long now = System.nanoTime();
            millis.add((now - last) / 1e6);
            last = now;
        }
        return median(millis);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }
}
