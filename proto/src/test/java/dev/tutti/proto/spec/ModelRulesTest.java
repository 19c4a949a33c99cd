package dev.tutti.proto.spec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Layer;
import dev.tutti.proto.v1.LayerList;
import dev.tutti.proto.v1.Model;
import dev.tutti.proto.v1.NormLayer;
import dev.tutti.proto.v1.PlainLayer;
import dev.tutti.proto.v1.TextSource;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ModelRulesTest {
    private static final PlainLayer PLAIN = PlainLayer.getDefaultInstance();

    private static JobSpec.Builder job(String preset) {
        JobSpec.Builder spec = JobSpec.newBuilder();
        spec.getModelBuilder().setPreset(preset);
        spec.getDataBuilder().getSourceBuilder().setName("digits");
        spec.getTrainingBuilder().setEpochs(1).setBatch(64);
        return spec;
    }

    @Test
    void aPresetHasDefaults() {
        JobSpec.Builder text = job("transformer");
        text.getDataBuilder().getSourceBuilder().setName("tinyshakespeare");
        text.getModelBuilder().setWidth(96);

        assertThat(filled(job("lstm")))
                .isEqualTo(Model.newBuilder()
                        .setPreset("lstm")
                        .addHidden(128)
                        .setLayerCount(1)
                        .build());
        assertThat(filled(job("lenet"))).isEqualTo(job("lenet").getModel());
        assertThat(filled(text))
                .isEqualTo(Model.newBuilder()
                        .setPreset("transformer")
                        .setLayerCount(4)
                        .setWidth(96)
                        .setHeads(4)
                        .setContext(128)
                        .setFeedForward(384)
                        .setActivation("gelu")
                        .setPositions("learned")
                        .setNorm("pre")
                        .setCausal(true)
                        .build());
        assertThat(filled(job("transformer")).getCausal()).isFalse();
        assertThat(filled(job("transformer")).hasContext()).isFalse();
    }

    @Test
    void aTextIsCutAsTheModelWantsItUnlessItSaysHow() {
        JobSpec.Builder spec = text(TextSource.newBuilder());
        spec.getModelBuilder().setContext(32);

        assertThat(JobSpecs.withDefaults(spec.build()).getData().getSource().getText())
                .isEqualTo(TextSource.newBuilder()
                        .setPath("a.txt")
                        .setTokens("characters")
                        .setContext(32)
                        .setStride(32)
                        .setTest(0.1)
                        .build());
        assertThat(filled(text(TextSource.newBuilder().setContext(16).setStride(8)))
                        .getContext())
                .isEqualTo(16);
        assertThat(problems(text(TextSource.newBuilder()))).isEmpty();
    }

    @Test
    void aTextBreaksRulesByItself() {
        assertThat(problems(text(
                        TextSource.newBuilder().setTokens("words").setStride(0).setTest(1))))
                .containsExactly(
                        "data.source.text.tokens must be characters or bytes, got words",
                        "data.source.text.stride must be 1 to 2147483647, got 0",
                        "data.source.text.test must be at least 0 and less than 1, got 1.0");
        JobSpec.Builder twice = text(TextSource.newBuilder().setContext(16));
        twice.getModelBuilder().setContext(32);
        twice.getDataBuilder().addTransformsBuilder().getNormalizeBuilder().setStd(1);
        assertThat(problems(twice))
                .containsExactly(
                        "model.context must be that of data.source.text, which is 16, got 32",
                        "data.transforms are for images; a text takes none");
    }

    @Test
    void aKeyOfAnotherPresetIsNamedWithThatPreset() {
        assertThat(problems(job("lenet"), m -> m.addHidden(3).setHeads(2)))
                .containsExactly(
                        "model.hidden is no key of lenet; mlp or lstm takes it",
                        "model.heads is no key of lenet; transformer takes it");
        assertThat(problems(job("mlp"), m -> m.setLayerCount(2)))
                .containsExactly("model.layers is no key of mlp; lstm or transformer takes it");
        assertThat(problems(job("lstm"), m -> m.setTied(true)))
                .containsExactly("model.tied is no key of lstm; transformer takes it");
        assertThat(problems(
                        job(""),
                        m -> m.addLayers(Layer.newBuilder().setRelu(PLAIN)).setWidth(3)))
                .containsExactly("model.width is no key of a model of layers; transformer takes it");
    }

    @Test
    void presetAndLayersExcludeEachOther() {
        assertThat(problems(job("mlp"), m -> m.addLayers(Layer.newBuilder().setRelu(PLAIN))))
                .containsExactly("model.layers are a model of one's own, and model.preset, which is mlp, is another:"
                        + " leave one of them out");
        assertThat(problems(job("")))
                .containsExactly(
                        "model.preset is missing; known presets: mlp, lenet, lstm, transformer, or a list of layers");
    }

    @Test
    void everyNumberHasItsRange() {
        assertThat(problems(job("lstm"), m -> m.addHidden(3).addHidden(0).setLayerCount(0)))
                .containsExactly(
                        "model.hidden must be one width, of all layers, got [3, 0]",
                        "model.hidden[1] must be 1 to 65536, got 0",
                        "model.layers must be 1 to 1000, got 0");
        assertThat(problems(job("transformer"), m -> m.setWidth(128).setHeads(3)))
                .containsExactly("model.heads must divide model.width, which is 128, got 3");
        assertThat(problems(
                        job("transformer"),
                        m -> m.setHeads(0)
                                .setDropout(1)
                                .setActivation("gelo")
                                .setPositions("x")
                                .setNorm("")))
                .containsExactly(
                        "model.heads must be 1 to 1024, got 0",
                        "model.dropout must be at least 0 and less than 1, got 1.0",
                        "model.activation must be gelu or relu, got gelo (did you mean gelu?)",
                        "model.positions must be learned or sinusoidal, got x",
                        "model.norm is missing: must be pre or post");
    }

    @Test
    void layersHaveTheirDefaultsAndRangesHoweverDeepTheyLie() {
        Layer.Builder inner = Layer.newBuilder();
        inner.getConv2DBuilder().setFilters(0).addKernel(3).addKernel(0);
        Layer.Builder pool = Layer.newBuilder();
        pool.getMaxPoolBuilder().addSize(2);
        Layer.Builder residual =
                Layer.newBuilder().setResidual(LayerList.newBuilder().addLayers(inner));
        Layer.Builder concat = Layer.newBuilder();
        concat.getConcatBuilder().addBranchesBuilder().addLayersBuilder().getDenseBuilder();
        JobSpec.Builder spec = job("");
        spec.getModelBuilder()
                .addLayers(residual)
                .addLayers(pool)
                .addLayers(concat)
                .addLayers(Layer.newBuilder())
                .addLayers(Layer.newBuilder().setLayerNorm(NormLayer.getDefaultInstance()));

        List<Layer> filled = filled(spec).getLayersList();

        assertThat(filled.get(1).getMaxPool().getStrideList()).containsExactly(2);
        assertThat(filled.get(1).getMaxPool().getPaddingList()).containsExactly(0);
        assertThat(filled.get(0).getResidual().getLayers(0).getConv2D().getGroups())
                .isEqualTo(1);
        assertThat(filled.get(4).getLayerNorm().getEpsilon()).isEqualTo(1e-5);
        assertThat(problems(spec))
                .containsExactly(
                        "model.layers[0].residual[0].conv2d.filters must be 1 to 65536, got 0",
                        "model.layers[0].residual[0].conv2d.kernel[1] must be 1 to 65536, got 0",
                        "model.layers[2].concat must have two branches at least, got 1",
                        "model.layers[2].concat[0][0].dense.units must be 1 to 10000000, got 0",
                        "model.layers[3] is empty; known layers: dense, conv2d, max-pool, average-pool, flatten, relu,"
                                + " gelu, tanh, sigmoid, softmax, dropout, layer-norm, batch-norm, embedding,"
                                + " positions, attention, lstm, mean, reshape, residual, concat, tied-dense");
    }

    private static JobSpec.Builder text(TextSource.Builder text) {
        JobSpec.Builder spec = job("transformer");
        spec.getDataBuilder().getSourceBuilder().setText(text.setPath("a.txt"));
        return spec;
    }

    private static Model filled(JobSpec.Builder spec) {
        JobSpec filled = JobSpecs.withDefaults(spec.build());
        assertThat(JobSpecs.withDefaults(filled)).isEqualTo(filled);
        return filled.getModel();
    }

    private static List<String> problems(JobSpec.Builder spec) {
        return problems(spec, _ -> {});
    }

    private static List<String> problems(JobSpec.Builder spec, Consumer<Model.Builder> change) {
        change.accept(spec.getModelBuilder());
        return JobSpecs.problems(JobSpecs.withDefaults(spec.build())).stream()
                .map(SpecProblem::toString)
                .toList();
    }
}
