package dev.tutti.proto.spec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.Asynchronous;
import dev.tutti.proto.v1.Clip;
import dev.tutti.proto.v1.LossScale;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Training;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrecisionRulesTest {
    @Test
    void onlyF16HasALossScale() {
        assertThat(filled(Precision.PRECISION_F16, LossScale.newBuilder()).getLossScale())
                .isEqualTo(LossScale.newBuilder()
                        .setInitial(65536)
                        .setGrowthInterval(2000)
                        .build());
        assertThat(filled(Precision.PRECISION_F16, LossScale.newBuilder().setInitial(1024))
                        .getLossScale()
                        .getInitial())
                .isEqualTo(1024);
        assertThat(PrecisionRules.withDefaults(
                                precision(Precision.PRECISION_BF16).build())
                        .hasLossScale())
                .isFalse();
        assertThat(problems(filled(Precision.PRECISION_BF16, LossScale.newBuilder())))
                .containsExactly("training.loss-scale needs the precision f16");
    }

    @Test
    void aScaleThatIsNoPowerOfTwoWouldLoseBits() {
        for (double initial : new double[] {0, 0.5, 1000, -2, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThat(problems(filled(
                            Precision.PRECISION_F16, LossScale.newBuilder().setInitial(initial))))
                    .containsExactly("training.loss-scale.initial must be a power of two, 1 to 2^100, got " + initial);
        }
        assertThat(problems(
                        filled(Precision.PRECISION_F16, LossScale.newBuilder().setGrowthInterval(0))))
                .containsExactly("training.loss-scale.growth-interval must be 1 to 2147483647, got 0");
    }

    @Test
    void theNormIsPositiveAndSynchronous() {
        Training.Builder training = precision(Precision.PRECISION_F32);
        training.setClip(Clip.newBuilder().setNorm(0));
        assertThat(problems(training.build()))
                .containsExactly("training.clip.norm must be a finite number greater than 0, got 0.0");
        training.setClip(Clip.newBuilder().setNorm(1))
                .getConsistencyBuilder()
                .setAsynchronous(Asynchronous.getDefaultInstance());
        assertThat(problems(training.build()))
                .containsExactly(
                        "training.clip.norm needs synchronous training: in an asynchronous job no one sees the whole"
                                + " gradient of a step; training.clip.value works there");
    }

    private static List<String> problems(Training training) {
        Problems problems = new Problems();
        PrecisionRules.check(training, problems);
        return problems.found().stream().map(SpecProblem::toString).toList();
    }

    private static Training filled(Precision precision, LossScale.Builder scale) {
        return PrecisionRules.withDefaults(
                precision(precision).setLossScale(scale).build());
    }

    private static Training.Builder precision(Precision precision) {
        return Training.newBuilder().setPrecision(precision);
    }
}
