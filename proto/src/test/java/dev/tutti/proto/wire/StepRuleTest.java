package dev.tutti.proto.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.ByteString;
import dev.tutti.proto.v1.Asynchronous;
import dev.tutti.proto.v1.Clip;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Training;
import dev.tutti.proto.v1.Vote;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StepRuleTest {
    private static final StepRule CLIPPED = new StepRule(true, 10);

    @Test
    void onlySynchronousJobsInF16OrWithANormNeedOne() {
        assertThat(StepRule.of(Training.getDefaultInstance())).isEmpty();
        Training.Builder training =
                Training.newBuilder().setClip(Clip.newBuilder().setValue(1));
        assertThat(StepRule.of(training.build())).isEmpty();
        training.setPrecision(Precision.PRECISION_F16);
        assertThat(StepRule.of(training.build())).contains(new StepRule(true, Double.POSITIVE_INFINITY));
        training.setClip(Clip.newBuilder().setNorm(2));
        assertThat(StepRule.of(training.build())).contains(new StepRule(true, 2));
        training.getConsistencyBuilder().setAsynchronous(Asynchronous.getDefaultInstance());
        assertThat(StepRule.of(training.build())).isEqualTo(Optional.empty());
    }

    @Test
    void theNormIsThatOfAllShardsWithoutTheScale() {
        // (3 · 4)² and (4 · 4)² with a scale of 4: a norm of 5, and ten times that.
        assertThat(CLIPPED.decide(List.of(vote(144, 4), vote(256, 4))).getFactor())
                .isEqualTo(1);
        assertThat(CLIPPED.decide(List.of(vote(14400, 4), vote(25600, 4))).getFactor())
                .isEqualTo(10 / (50 + 1e-6), within(1e-15));
        assertThat(CLIPPED.decide(List.of(vote(0, 4))).getFactor()).isEqualTo(1);
    }

    @Test
    void oneThatIsNotFiniteSkips() {
        assertThat(CLIPPED.decide(
                        List.of(vote(144, 4), Vote.newBuilder().setLossScale(4).build())))
                .isEqualTo(Decision.newBuilder().setSkip(true).build());
    }

    @Test
    void aShardThatHasTakenTheStepHasDecidedIt() {
        Decision taken = Decision.newBuilder().setFactor(0.75).build();
        Vote ahead = vote(14400, 4).toBuilder().setTaken(taken).build();
        assertThat(CLIPPED.decide(List.of(vote(25600, 4), ahead))).isEqualTo(taken);
        assertThat(CLIPPED.decide(List.of(Vote.newBuilder().setLossScale(4).build(), ahead)))
                .isEqualTo(taken);
    }

    private static Vote vote(long squareSum, double scale) {
        return Vote.newBuilder()
                .setFinite(true)
                .setSquareSum(ByteString.copyFrom(
                        BigInteger.valueOf(squareSum).shiftLeft(298).toByteArray()))
                .setLossScale(scale)
                .build();
    }
}
