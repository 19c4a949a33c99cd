package dev.tutti.parameterserver.shard;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.Adagrad;
import dev.tutti.proto.v1.Adamw;
import dev.tutti.proto.v1.Clip;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Optimizer;
import dev.tutti.proto.v1.Regularization;
import dev.tutti.proto.v1.Rmsprop;
import dev.tutti.proto.v1.Sgd;
import dev.tutti.proto.v1.Training;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Where 1 moves to on a gradient of 2, by hand. */
class JobOptimizerTest {
    @Test
    void everyKindTakesItsNumbersFromTheJob() {
        assertThat(moved(sgd(0.1, 0, false))).isEqualTo(1 - 0.1f * 2, within(1e-6f));
        assertThat(moved(sgd(0.1, 0.5, true))).isEqualTo(1 - 0.1f * (2 + 0.5f * 2), within(1e-6f));
        assertThat(moved(training(
                        Optimizer.newBuilder().setRmsprop(Rmsprop.newBuilder().setAlpha(0.75)))))
                .as("0.01 · 2 / √(0.25 · 4)")
                .isEqualTo(1 - 0.01f * 2, within(1e-6f));
        assertThat(moved(training(
                        Optimizer.newBuilder().setAdagrad(Adagrad.newBuilder().setRate(0.1)))))
                .as("0.1 · 2 / √4")
                .isEqualTo(0.9f, within(1e-6f));
        assertThat(moved(training(Optimizer.newBuilder()
                        .setAdamw(Adamw.newBuilder().setRate(0.1).setDecay(0.5)))))
                .as("1 · (1 − 0.1 · 0.5) − 0.1")
                .isEqualTo(0.85f, within(1e-6f));
    }

    @Test
    void gradientsAreClippedAndRegularized() {
        Training.Builder training = sgd(0.1, 0, false);
        training.setClip(Clip.newBuilder().setValue(0.5));
        training.setRegularization(Regularization.newBuilder().setL1(0.25).setL2(0.125));

        assertThat(moved(training)).isEqualTo(1 - 0.1f * (0.5f + 0.25f + 0.125f), within(1e-6f));
    }

    @Test
    void jobWithoutOneIsRefused() {
        assertThatThrownBy(() -> JobOptimizer.of("job-1", Training.getDefaultInstance()))
                .hasMessage("Job job-1 has no optimizer");
    }

    private static Training.Builder sgd(double rate, double momentum, boolean nesterov) {
        return training(Optimizer.newBuilder()
                .setSgd(Sgd.newBuilder().setRate(rate).setMomentum(momentum).setNesterov(nesterov)));
    }

    private static Training.Builder training(Optimizer.Builder optimizer) {
        return Training.newBuilder().setOptimizer(optimizer);
    }

    private static float moved(Training.Builder training) {
        JobSpec spec =
                JobSpecs.withDefaults(JobSpec.newBuilder().setTraining(training).build());
        SliceOptimizer optimizer = JobOptimizer.of("job-1", spec.getTraining());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment parameter = arena.allocateFrom(JAVA_FLOAT, 1f);
            var state = IntStream.range(0, optimizer.stateSlots())
                    .mapToObj(_ -> arena.allocate(JAVA_FLOAT))
                    .toList();
            optimizer.apply(parameter, parameter, arena.allocateFrom(JAVA_FLOAT, 2f), 1, state, 1, 1);
            return parameter.get(JAVA_FLOAT, 0);
        }
    }
}
