package dev.tutti.proto.spec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Layer;
import dev.tutti.proto.v1.PlainEncoding;
import dev.tutti.proto.v1.PlainLayer;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SparseRulesTest {
    @Test
    void aSparseEmbeddingGoesTogetherWithEveryOptimizer() {
        for (boolean layers : new boolean[] {false, true}) {
            assertThat(problems(
                            layers,
                            job -> job.getTrainingBuilder()
                                    .getOptimizerBuilder()
                                    .getAdamwBuilder()
                                    .setDecay(0.1)))
                    .isEmpty();
            assertThat(problems(
                            layers,
                            job -> job.getTrainingBuilder()
                                    .getOptimizerBuilder()
                                    .getSgdBuilder()
                                    .setRate(0.1)
                                    .setMomentum(0.9)))
                    .isEmpty();
            assertThat(problems(
                            layers,
                            job -> job.getTrainingBuilder().getClipBuilder().setNorm(1)))
                    .isEmpty();
        }
    }

    @Test
    void aTableThatIsTheLastLayersWeightIsNotSparse() {
        assertThat(problems(false, job -> job.getModelBuilder().setTied(true)))
                .containsExactly("model.sparse does not go together with model.tied: the last layer's weight has a"
                        + " gradient in each of its rows");
        assertThat(problems(
                        true,
                        job -> job.getModelBuilder()
                                .addLayers(Layer.newBuilder().setTiedDense(PlainLayer.getDefaultInstance()))))
                .containsExactly("model.layers[0].embedding.sparse does not go together with tied-dense: the last"
                        + " layer's weight has a gradient in each of its rows");
    }

    @Test
    void whatChangesRowsThatNoTokenHasIsRefused() {
        String end =
                " must be 0 with model.sparse: it changes rows that no token has; the decay of adamw can be had, of"
                        + " the rows a step touches";
        assertThat(problems(
                        false,
                        job -> job.getTrainingBuilder()
                                .getRegularizationBuilder()
                                .setL1(0.1)
                                .setL2(0.2)))
                .containsExactly("training.regularization.l1" + end, "training.regularization.l2" + end);
    }

    @Test
    void whatKeepsPartOfARowForLaterIsRefused() {
        assertThat(problems(true, job -> gradients(job).getTopKBuilder().setShare(0.1)))
                .containsExactly(
                        "training.exchange.gradients must be f32, bf16 or f16 with model.layers[0].embedding.sparse: int8"
                                + " and top-k keep what is lost of a row for a step in which no token may have it");
        assertThat(problems(true, job -> gradients(job).setInt8(PlainEncoding.getDefaultInstance())))
                .hasSize(1);
        assertThat(problems(true, job -> gradients(job).setBf16(PlainEncoding.getDefaultInstance())))
                .isEmpty();
    }

    @Test
    void anEmbeddingWithinABranchIsFound() {
        assertThat(problems(true, job -> {
                    Layer embedding = job.getModelBuilder().getLayers(0);
                    job.getModelBuilder()
                            .getLayersBuilder(0)
                            .getConcatBuilder()
                            .addBranchesBuilder()
                            .addLayers(embedding);
                    job.getModelBuilder()
                            .getLayersBuilder(0)
                            .getConcatBuilder()
                            .addBranchesBuilder()
                            .addLayers(embedding);
                    job.getTrainingBuilder().getRegularizationBuilder().setL2(1);
                }))
                .singleElement()
                .asString()
                .contains("with model.layers[0].concat[0][0].embedding.sparse");
    }

    @Test
    void onlyATransformerTakesTheKey() {
        assertThat(problems(
                        false,
                        job -> job.getModelBuilder().clear().setPreset("mlp").setSparse(true)))
                .contains("model.sparse is no key of mlp; transformer takes it");
    }

    private static dev.tutti.proto.v1.GradientEncoding.Builder gradients(JobSpec.Builder job) {
        return job.getTrainingBuilder().getExchangeBuilder().getGradientsBuilder();
    }

    private static List<String> problems(boolean layers, Consumer<JobSpec.Builder> change) {
        JobSpec.Builder spec = JobSpec.newBuilder().setName("job");
        if (layers) {
            spec.getModelBuilder()
                    .addLayersBuilder()
                    .getEmbeddingBuilder()
                    .setWidth(8)
                    .setSparse(true);
        } else {
            spec.getModelBuilder().setPreset("transformer").setSparse(true);
        }
        spec.getDataBuilder().getSourceBuilder().getTextBuilder().setPath("text.txt");
        spec.getTrainingBuilder().setEpochs(1).setBatch(8);
        change.accept(spec);
        return JobSpecs.problems(JobSpecs.withDefaults(spec.build())).stream()
                .map(SpecProblem::toString)
                .toList();
    }
}
