package dev.tutti.proto.spec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.PlainEncoding;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Training;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class EncodingRulesTest {
    @Test
    void aShareIsMoreThanNothingAndAtMostHalf() {
        for (double share : new double[] {0, -0.1, 0.51, Double.NaN}) {
            assertThat(problems(training -> topK(training, share)))
                    .containsExactly(
                            "training.exchange.gradients.top-k.share must be greater than 0 and at most 0.5, got "
                                    + share);
        }
        assertThat(problems(training -> topK(training, 0.5))).isEmpty();
        assertThat(problems(training -> topK(training, 1e-9))).isEmpty();
    }

    @Test
    void whatIsKeptForTheNextStepNeedsTheSameScaleThere() {
        assertThat(problems(training -> topK(training.setPrecision(Precision.PRECISION_F16), 0.1)))
                .singleElement()
                .asString()
                .startsWith("training.exchange.gradients int8 and top-k keep what is lost for the next step");
        assertThat(problems(training -> training.setPrecision(Precision.PRECISION_F16)
                        .getExchangeBuilder()
                        .getGradientsBuilder()
                        .setInt8(PlainEncoding.getDefaultInstance())))
                .hasSize(1);
        assertThat(problems(training -> training.setPrecision(Precision.PRECISION_F16)
                        .getExchangeBuilder()
                        .getGradientsBuilder()
                        .setBf16(PlainEncoding.getDefaultInstance())))
                .isEmpty();
    }

    private static void topK(Training.Builder training, double share) {
        training.getExchangeBuilder().getGradientsBuilder().getTopKBuilder().setShare(share);
    }

    private static List<String> problems(Consumer<Training.Builder> change) {
        JobSpec.Builder spec = JobSpec.newBuilder().setName("job");
        spec.getModelBuilder().setPreset("mlp");
        spec.getDataBuilder().getSourceBuilder().getDigitsBuilder();
        spec.getTrainingBuilder().setEpochs(1).setBatch(8);
        change.accept(spec.getTrainingBuilder());
        return JobSpecs.problems(JobSpecs.withDefaults(spec.build())).stream()
                .map(SpecProblem::toString)
                .toList();
    }
}
