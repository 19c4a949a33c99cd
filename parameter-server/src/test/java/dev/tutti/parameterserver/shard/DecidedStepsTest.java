package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.Adam;
import dev.tutti.proto.v1.Clip;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.LossScale;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Sgd;
import dev.tutti.proto.v1.Vote;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Steps that all shards take or none: loss scaling and clipping of the global norm. */
class DecidedStepsTest {
    private static final Set<Long> OVERFLOWS = Set.of(2L, 5L, 6L);
    private static final int STEPS = 9;
    private static final int SLICES = 3;

    @Test
    void nothingIsAppliedOrSentBeforeTheDecision() {
        try (ManyShards shards = new ManyShards(spec(true, 1), 2, 16, SLICES)) {
            float[] before = shards.parameters();
            push(shards, 1);

            assertThat(shards.completeStep()).isZero();
            assertThat(shards.parameters()).isEqualTo(before);
            assertThat(shards.votes(1)).hasSize(2);

            shards.decide(0, 1, shards.decision(1));
            assertThat(shards.shards.getFirst().completeStep()).isEqualTo(1);
            assertThat(shards.completeStep()).isZero();
            shards.decide(1, 1, shards.decision(1));
            assertThat(shards.completeStep()).isEqualTo(1);
            assertThat(shards.parameters()).isNotEqualTo(before);
        }
    }

    @Test
    void theNormOfAllShardsTogetherIsClipped() {
        JobSpec.Builder spec = spec(false, 0.25).toBuilder();
        spec.getTrainingBuilder().getOptimizerBuilder().setSgd(Sgd.newBuilder().setRate(1));
        for (int count : new int[] {1, 3}) {
            try (ManyShards shards = new ManyShards(spec.build(), count, 16, 1)) {
                float[] before = shards.parameters();
                push(shards, 1);
                decide(shards, 1);

                float[] after = shards.parameters();
                double squares = 0;
                double moved = 0;
                for (int i = 0; i < ManyShards.ELEMENTS; i++) {
                    if (!ManyShards.isAveraged(i)) {
                        squares += Math.pow(gradient(1, 0, i), 2);
                        moved += Math.pow((double) before[i] - after[i], 2);
                    }
                }
                assertThat(Math.sqrt(squares)).isGreaterThan(1);
                assertThat(Math.sqrt(moved)).isEqualTo(0.25, within(1e-5));
                assertThat(shards.decision(1).getFactor()).isEqualTo(0.25 / (Math.sqrt(squares) + 1e-6), within(1e-12));
            }
        }
    }

    @Test
    void aSmallGradientStaysAsItIs() {
        try (ManyShards shards = new ManyShards(spec(false, 1e9), 2, 16, 1)) {
            push(shards, 1);
            assertThat(shards.decision(1).getFactor()).isEqualTo(1);
        }
    }

    @Test
    void anOverflowOnOneShardSkipsTheStepOnAllAndHalvesTheScale() {
        try (ManyShards shards = new ManyShards(spec(true, Double.NaN), 3, 16, SLICES)) {
            step(shards, 1);
            float[] before = shards.parameters();
            assertThat(shards.lossScale()).isEqualTo(1024);

            step(shards, 2);

            assertThat(shards.completeStep()).isEqualTo(2);
            assertThat(shards.parameters()).isEqualTo(before);
            assertThat(shards.lossScale()).isEqualTo(512);
            assertThat(shards.skippedSteps()).isEqualTo(1);
            assertThat(shards.registry
                            .counter("tutti.parameter.server.skipped.steps")
                            .count())
                    .isEqualTo(3);
            step(shards, 3);
            step(shards, 4);
            assertThat(shards.lossScale()).as("after two clean steps").isEqualTo(1024);
        }
    }

    /** Adam counts its updates: had a skipped step counted, or the scale not been divided out, these would differ. */
    @Test
    void aSkippedStepLeavesNoTrace() {
        float[] skipping;
        try (ManyShards shards = new ManyShards(spec(true, Double.NaN), 2, 16, SLICES)) {
            for (long step : new long[] {1, 2, 3}) {
                step(shards, step);
            }
            skipping = shards.parameters();
        }
        try (ManyShards shards = new ManyShards(spec(false, 1e9), 2, 16, SLICES)) {
            for (long step : new long[] {1, 3}) {
                long own = shards.completeStep() + 1;
                shards.pushes(own, 1, (_, slice, i) -> gradient(step, slice, i), new Random(0))
                        .forEach(Runnable::run);
                decide(shards, own);
            }
            assertThat(shards.parameters()).isEqualTo(skipping);
        }
    }

    @Test
    void neitherWorkersNorShardsNorLossesInBetweenChangeABit() {
        for (double norm : new double[] {Double.NaN, 2}) {
            Trained expected = train(1, 1, 61, norm, new Random(0), false);
            assertThat(expected.skipped).isEqualTo(3);
            for (int workers : new int[] {1, 2, 3}) {
                for (int count : new int[] {1, 2, 3}) {
                    for (int seed = 0; seed < 8; seed++) {
                        Trained got = train(workers, count, 5 + 4 * seed, norm, new Random(seed), true);
                        assertThat(got)
                                .as("%d workers, %d shards, norm %s, seed %d", workers, count, norm, seed)
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    /** Another machine may sum with other bits: what one shard has done the others do too. */
    @Test
    void aLateShardTakesTheDecisionOfTheOneThatIsAhead() {
        try (ManyShards shards = new ManyShards(spec(true, 0.25), 2, 16, SLICES)) {
            push(shards, 1);
            Decision first = shards.decision(1);
            shards.decide(0, 1, first);
            shards.startGeneration();

            shards.pushes(1, 1, (step, slice, i) -> 1.5f * gradient(step, slice, i), new Random(1))
                    .forEach(Runnable::run);

            assertThat(shards.votes(1)).extracting(Vote::hasTaken).containsExactly(true, false);
            assertThat(shards.decision(1)).isEqualTo(first);
            decide(shards, 1);
            assertThat(shards.completeStep()).isEqualTo(1);
        }
    }

    @Test
    void aLateShardWhoseSumsOverflowNowKeepsItsParametersAndTheCommonScale() {
        try (ManyShards shards = new ManyShards(spec(true, Double.NaN), 2, 16, SLICES)) {
            push(shards, 1);
            shards.decide(0, 1, shards.decision(1));
            float[] before = shards.parameters();
            shards.startGeneration();

            shards.pushes(1, 1, (_, _, _) -> Float.POSITIVE_INFINITY, new Random(1))
                    .forEach(Runnable::run);
            decide(shards, 1);

            assertThat(shards.completeStep()).isEqualTo(1);
            assertThat(shards.parameters()).isEqualTo(before);
            step(shards, 2);
            step(shards, 3);
            assertThat(shards.skippedSteps()).as("step 2, on all shards").isEqualTo(1);
        }
    }

    @Test
    void aSecondDecisionIsDropped() {
        try (ManyShards shards = new ManyShards(spec(true, Double.NaN), 1, 16, SLICES)) {
            step(shards, 1);
            shards.decide(0, 1, shards.decision(1));
            assertThat(shards.stream(0).refused).isNull();
            assertThat(shards.completeStep()).isEqualTo(1);

            shards.decide(0, 1, Decision.newBuilder().setSkip(true).build());
            assertThat(shards.stream(0).refused).isNull();
            assertThat(shards.completeStep()).isEqualTo(1);
            assertThat(shards.skippedSteps()).isZero();
        }
    }

    @Test
    void aDecisionWithoutAVoteOrWithoutMeaningIsRefused() {
        assertRefused(true, false, 1, "A decision on step 1, on which this shard has not voted");
        assertRefused(
                true,
                true,
                1.5,
                "The decision on step 1 is to apply it with factor 1.5; expected to apply it with a factor in [0, 1]"
                        + " or to skip it");
        assertRefused(false, true, 1, "A decision on step 1 of a job whose shards decide for themselves");
    }

    private static void assertRefused(boolean scaled, boolean voted, double factor, String reason) {
        try (ManyShards shards = new ManyShards(spec(scaled, Double.NaN), 1, 16, SLICES)) {
            if (voted && scaled) {
                push(shards, 1);
            }
            shards.decide(0, 1, Decision.newBuilder().setFactor(factor).build());
            assertThat(shards.stream(0).refused).isEqualTo(reason);
        }
    }

    private record Trained(List<Integer> parameterBits, double lossScale, long skipped) {}

    private static Trained train(
            int workers, int count, int chunkElements, double norm, Random random, boolean disturbed) {
        try (ManyShards shards = new ManyShards(spec(true, norm), count, chunkElements, SLICES)) {
            for (long step = 1; step <= STEPS; step++) {
                while (disturbed && random.nextBoolean() && shards.completeStep() < step) {
                    loseAWorker(shards, step, workers, random);
                }
                if (shards.completeStep() < step) {
                    shards.pushes(step, workers, DecidedStepsTest::gradient, random)
                            .forEach(Runnable::run);
                    decide(shards, step);
                }
                assertThat(shards.completeStep()).isEqualTo(step);
            }
            return new Trained(shards.parameterBits(), shards.lossScale(), shards.skippedSteps());
        }
    }

    /** Before all have voted, or when some shards have been told what was decided and others not. */
    private static void loseAWorker(ManyShards shards, long step, int workers, Random random) {
        var pushes = shards.pushes(step, workers, DecidedStepsTest::gradient, random);
        if (random.nextBoolean()) {
            pushes.subList(0, random.nextInt(pushes.size())).forEach(Runnable::run);
        } else {
            pushes.forEach(Runnable::run);
            for (int shard = 0; shard < shards.shards.size(); shard++) {
                if (random.nextBoolean()) {
                    shards.decide(shard, step, shards.decision(step));
                }
            }
        }
        shards.startGeneration();
    }

    private static void push(ManyShards shards, long step) {
        shards.pushes(step, 1, DecidedStepsTest::gradient, new Random(step)).forEach(Runnable::run);
    }

    private static void step(ManyShards shards, long step) {
        push(shards, step);
        decide(shards, step);
    }

    /** As every worker does, some late. */
    private static void decide(ManyShards shards, long step) {
        assertThat(shards.votes(step)).hasSize(shards.shards.size());
        for (int worker = 0; worker < 2; worker++) {
            for (int shard = 0; shard < shards.shards.size(); shard++) {
                shards.decide(shard, step, shards.decision(step));
                assertThat(shards.stream(shard).refused).isNull();
            }
        }
    }

    private static float gradient(long step, int slice, int element) {
        if (OVERFLOWS.contains(step) && slice == SLICES - 1 && element == 50) {
            return Float.POSITIVE_INFINITY;
        }
        return (float) new Random(step * 7919 + slice * 101L + element).nextGaussian();
    }

    /** @param norm NaN for no bound */
    private static JobSpec spec(boolean scaled, double norm) {
        JobSpec.Builder spec = JobSpec.newBuilder().setSeed(42);
        spec.getTrainingBuilder()
                .getOptimizerBuilder()
                .setAdam(Adam.newBuilder().setRate(0.01));
        if (scaled) {
            spec.getTrainingBuilder()
                    .setPrecision(Precision.PRECISION_F16)
                    .setLossScale(LossScale.newBuilder().setInitial(1024).setGrowthInterval(2));
        }
        if (!Double.isNaN(norm)) {
            spec.getTrainingBuilder().setClip(Clip.newBuilder().setNorm(norm));
        }
        return JobSpecs.withDefaults(spec.build());
    }
}
