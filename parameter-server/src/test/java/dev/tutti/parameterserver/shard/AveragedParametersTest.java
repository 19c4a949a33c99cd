package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.Adamw;
import dev.tutti.proto.v1.Asynchronous;
import dev.tutti.proto.v1.Clip;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Regularization;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Parameters whose gradient is a statistic, between others that are trained. */
class AveragedParametersTest {
    private static final int STEPS = 3;

    @Test
    void theyMoveATenthOfTheWayWhateverTheOptimizer() {
        try (ManyShards shards = new ManyShards(spec(), 2, 10, 1)) {
            float[] before = shards.parameters();
            step(shards, 1);

            float[] after = shards.parameters();
            for (int i = 0; i < ManyShards.ELEMENTS; i++) {
                float average = before[i] + 0.1f * (gradient(1, 0, i) - before[i]);
                if (ManyShards.isAveraged(i)) {
                    assertThat(after[i]).as("element %d", i).isEqualTo(average);
                } else {
                    assertThat(after[i]).as("element %d", i).isNotEqualTo(average);
                }
            }
        }
    }

    @Test
    void noCutIntoShardsAndChunksChangesABit() {
        float[] expected = train(1, ManyShards.ELEMENTS);
        for (int count = 1; count <= 4; count++) {
            for (int chunkElements : new int[] {1, 7, 16, 25, 100}) {
                assertThat(train(count, chunkElements))
                        .as("%d shards in chunks of %d", count, chunkElements)
                        .containsExactly(expected);
            }
        }
    }

    @Test
    void anAsynchronousBatchMovesThemToo() {
        JobSpec.Builder spec = spec().toBuilder();
        spec.getTrainingBuilder().getConsistencyBuilder().setAsynchronous(Asynchronous.getDefaultInstance());
        try (ManyShards shards = new ManyShards(spec.build(), 1, 100, 1)) {
            shards.pushes(0, 1, AveragedParametersTest::gradient, new Random(1))
                    .getFirst()
                    .run();
            float[] once = shards.parameters();
            for (int i = 0; i < ManyShards.ELEMENTS; i++) {
                if (ManyShards.isAveraged(i)) {
                    // Nine tenths of a first value between −0.5 and 0.5.
                    assertThat(once[i]).isEqualTo(0.1f * gradient(0, 0, i), within(0.4501f));
                }
            }
        }
    }

    private static float[] train(int count, int chunkElements) {
        try (ManyShards shards = new ManyShards(spec(), count, chunkElements, 3)) {
            for (int step = 1; step <= STEPS; step++) {
                step(shards, step);
            }
            return shards.parameters();
        }
    }

    private static void step(ManyShards shards, long step) {
        shards.pushes(step, 1, AveragedParametersTest::gradient, new Random(step))
                .forEach(Runnable::run);
        assertThat(shards.completeStep()).isEqualTo(step);
    }

    /** Far beyond the clip, so that a clipped statistic would show. */
    private static float gradient(long step, int slice, int element) {
        return (float) (new Random(step * 7919 + slice * 101L + element).nextGaussian() * 30);
    }

    private static JobSpec spec() {
        JobSpec.Builder spec = JobSpec.newBuilder().setSeed(42);
        spec.getTrainingBuilder()
                .setRegularization(Regularization.newBuilder().setL1(0.1).setL2(0.1))
                .setClip(Clip.newBuilder().setValue(0.5))
                .getOptimizerBuilder()
                .setAdamw(Adamw.newBuilder().setRate(0.01));
        return JobSpecs.withDefaults(spec.build());
    }
}
