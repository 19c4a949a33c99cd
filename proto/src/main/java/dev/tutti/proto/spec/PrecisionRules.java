package dev.tutti.proto.spec;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.LossScale;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Training;

/** In what numbers a job computes, and what keeps its gradients within them. */
final class PrecisionRules {
    private static final double DEFAULT_INITIAL = 65_536;
    private static final int DEFAULT_GROWTH_INTERVAL = 2000;
    private static final WholeRange INTERVALS = new WholeRange(1, Integer.MAX_VALUE);

    private PrecisionRules() {}

    /** Only f16 has a loss scale: whoever sets one elsewhere finds it unchanged. */
    static Training withDefaults(Training training) {
        if (training.getPrecision() != Precision.PRECISION_F16) {
            return training;
        }
        LossScale scale = training.getLossScale();
        return training.toBuilder()
                .setLossScale(LossScale.newBuilder()
                        .setInitial(scale.hasInitial() ? scale.getInitial() : DEFAULT_INITIAL)
                        .setGrowthInterval(
                                scale.hasGrowthInterval() ? scale.getGrowthInterval() : DEFAULT_GROWTH_INTERVAL))
                .build();
    }

    static void check(Training training, Problems problems) {
        norm(training, problems);
        switch (training.getPrecision()) {
            case PRECISION_F16 -> scale(training.getLossScale(), problems);
            case PRECISION_F32, PRECISION_BF16 -> {
                if (training.hasLossScale()) {
                    problems.add("training.loss-scale", "needs the precision f16");
                }
            }
            case PRECISION_UNSPECIFIED, UNRECOGNIZED -> problems.add("training.precision", "must be f32, bf16 or f16");
        }
    }

    private static void norm(Training training, Problems problems) {
        if (!training.getClip().hasNorm()) {
            return;
        }
        problems.positive("training.clip.norm", training.getClip().getNorm());
        switch (ConsistencyModel.of(training)) {
            case ConsistencyModel.Synchronous _ -> {
                // Its shards decide each step together.
            }
            case ConsistencyModel.Asynchronous _, ConsistencyModel.BoundedStaleness _ ->
                problems.add(
                        "training.clip.norm",
                        "needs synchronous training: in an asynchronous job no one sees the whole gradient of a step;"
                                + " training.clip.value works there");
            case ConsistencyModel.Local _ ->
                problems.add(
                        "training.clip.norm",
                        "needs synchronous training: in a local job each slice takes its own steps;"
                                + " training.clip.value works there");
        }
    }

    private static void scale(LossScale scale, Problems problems) {
        double initial = scale.getInitial();
        if (!(initial >= 1 && initial <= 0x1p100) || Math.scalb(1.0, Math.getExponent(initial)) != initial) {
            problems.add("training.loss-scale.initial", "must be a power of two, 1 to 2^100, got " + initial);
        }
        long interval = Integer.toUnsignedLong(scale.getGrowthInterval());
        if (!INTERVALS.contains(interval)) {
            problems.add("training.loss-scale.growth-interval", INTERVALS.refusal(interval));
        }
    }
}
