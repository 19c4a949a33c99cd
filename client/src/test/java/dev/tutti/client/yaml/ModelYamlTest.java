package dev.tutti.client.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.client.report.OutputFormat;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Layer;
import dev.tutti.proto.v1.Model;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The forms a model may have in a job file. */
class ModelYamlTest {
    private static final String LENET = """
        - conv2d: {filters: 6, kernel: 5, padding: 2}
        - relu
        - max-pool: 2
        - conv2d: {filters: 16, kernel: [5, 3]}
        - average-pool: {size: [2, 1], stride: 2}
        - residual: [{dense: 10}, {dropout: 0.1}]
        - concat: [[{dense: 3}, relu], [{dense: {units: 4}}]]
        - reshape: [7, 10]
        - lstm: {hidden: 8, layers: 2, sequences: true}
        - layer-norm
        - {attention: 2}
        - {positions: sinusoidal}
        - flatten
        - dense: 10
        """;

    @Test
    void layersAreWrittenShortOrLong() throws SpecException {
        List<Layer> layers = model(LENET).getLayersList();

        assertThat(layers.get(0).getConv2D().getKernelList()).containsExactly(5);
        assertThat(layers.get(0).getConv2D().getStrideList()).containsExactly(1);
        assertThat(layers.get(1).hasRelu()).isTrue();
        assertThat(layers.get(2).getMaxPool().getSizeList()).containsExactly(2);
        assertThat(layers.get(2).getMaxPool().getStrideList()).containsExactly(2);
        assertThat(layers.get(3).getConv2D().getKernelList()).containsExactly(5, 3);
        assertThat(layers.get(4).getAveragePool().getStrideList()).containsExactly(2);
        assertThat(layers.get(5).getResidual().getLayers(1).getDropout().getRate())
                .isEqualTo(0.1);
        assertThat(layers.get(6)
                        .getConcat()
                        .getBranches(1)
                        .getLayers(0)
                        .getDense()
                        .getUnits())
                .isEqualTo(4);
        assertThat(layers.get(7).getReshape().getShapeList()).containsExactly(7, 10);
        assertThat(layers.get(8).getLstm().getLayers()).isEqualTo(2);
        assertThat(layers.get(9).getLayerNorm().getEpsilon()).isEqualTo(1e-5);
        assertThat(layers.get(13).getDense().getUnits()).isEqualTo(10);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{preset: mlp, hidden: [3, 4]}",
                "{preset: lenet}",
                "{preset: lstm, hidden: 7, layers: 2}",
                "{preset: transformer, layers: 2, width: 8, heads: 2, causal: true, tied: true, dropout: 0.1}"
            })
    void aPresetIsPrintedWithItsOwnKeysAndReadsBack(String model) throws SpecException {
        JobSpec spec = load(model);
        Map<String, Object> tree = SpecTree.of(spec);

        assertThat(parse(OutputFormat.yaml(tree))).isEqualTo(spec);
        assertThat(OutputFormat.yaml(SpecTree.of(parse(OutputFormat.yaml(tree)))))
                .isEqualTo(OutputFormat.yaml(tree));
    }

    @Test
    void whatIsPrintedOfLayersReadsBack() throws SpecException {
        JobSpec spec = load("{layers: " + flow(LENET) + "}");
        String yaml = OutputFormat.yaml(SpecTree.of(spec));

        assertThat(parse(yaml)).isEqualTo(spec);
        assertThat(yaml).contains("residual:\n").doesNotContain("preset", "tied", "branches");
    }

    @Test
    void onlyTheKeysOfTheModelArePrinted() throws SpecException {
        assertThat(SpecTree.of(load("{preset: mlp}")))
                .containsEntry("model", Map.of("preset", "mlp", "hidden", List.of()));
        assertThat(SpecTree.of(load("{preset: lstm}")))
                .containsEntry("model", Map.of("preset", "lstm", "hidden", List.of(128L), "layers", 1L));
    }

    @Test
    void oneNumberIsAListOfOne() throws SpecException {
        assertThat(load("{preset: mlp, hidden: 256}").getModel().getHiddenList())
                .containsExactly(256);
    }

    @Test
    void theCommandLineSetsTheNumberOfLayersAndTheirList() throws SpecException {
        assertThat(load("{preset: lstm}", "model.layers=2").getModel().getLayerCount())
                .isEqualTo(2);
        assertThat(load("{layers: [relu, {dense: 3}]}", "model.layers=[flatten]")
                        .getModel()
                        .getLayersList())
                .hasSize(1);
        assertThat(load("{layers: [relu, {dense: 3}]}", "model.preset=lstm", "model.layers=2")
                        .getModel()
                        .getLayersList())
                .isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
        {layers: [relo]}               | job.yaml:1: model.layers[0] must be one of dense, conv2d, max-pool, average-pool, flatten, relu, gelu, tanh, sigmoid, softmax, dropout, layer-norm, batch-norm, embedding, positions, attention, lstm, mean, reshape, residual, concat, tied-dense, but is 'relo'; did you mean 'relu'?
        {layers: [{densse: 3}]}        | job.yaml:1: unknown key 'densse' under model.layers[0]; did you mean 'dense'?
        {layers: [{dense: 0}]}         | job.yaml:1: model.layers[0].dense.units must be 1 to 10000000, got 0
        {layers: [{dense: -1}]}        | job.yaml:1: model.layers[0].dense.units must be 1 to 10000000, got -1
        {layers: [{max-pool: -2}]}     | job.yaml:1: model.layers[0].max-pool.size[0] must be 1 to 65536, got -2
        {layers: [{dense: 3, relu: }]} | job.yaml:1: choose one of 'dense' and 'relu' under model.layers[0]
        {layers: []}                   | job.yaml:1: model.layers is empty; a model has a layer at least
        {layers: [{concat: [relu, tanh]}]} | job.yaml:1: model.layers[0].concat[0] must be a list of layers, but is 'relu'
        {layers: [{residual: relu}]}   | job.yaml:1: model.layers[0].residual must be a list of layers, but is 'relu'
        {layers: [{concat: relu}]}     | job.yaml:1: model.layers[0].concat must be a list of branches, but is 'relu'
        {layers: [{max-pool: wide}]}   | job.yaml:1: model.layers[0].max-pool must be a whole number, or a mapping with the keys size, stride, padding, but is 'wide'
        {layers: two}                  | job.yaml:1: model.layers must be a whole number, but is 'two'
        {preset: lstm, layer-count: 2} | job.yaml:1: unknown key 'layer-count' under model
        {preset: lenet, hidden: 3}     | job.yaml:1: model.hidden is no key of lenet; mlp or lstm takes it
        """)
    void saysWhereAndWhat(String model, String sentence) {
        assertThatThrownBy(() -> load(model)).isInstanceOf(SpecException.class).hasMessage(sentence);
    }

    @Test
    void aLabelMayBeNegative() throws SpecException {
        assertThat(load("{preset: mlp}", "training.ignored-label=-100")
                        .getTraining()
                        .getIgnoredLabel())
                .isEqualTo(-100);
        assertThatThrownBy(() -> load("{preset: mlp}", "training.ignored-label=3000000000"))
                .hasMessageEndingWith("training.ignored-label must be -2147483648 to 2147483647, got 3000000000");
    }

    @ParameterizedTest
    @CsvSource({"mnist-lenet.yaml, lenet", "mnist-lstm.yaml, lstm", "shakespeare-transformer.yaml, transformer"})
    void theExamplesAreJobs(String example, String preset) throws SpecException {
        assertThat(JobFile.load(Path.of("../examples", example), List.of())
                        .getModel()
                        .getPreset())
                .isEqualTo(preset);
    }

    private static Model model(String layers) throws SpecException {
        return load("{layers: " + flow(layers) + "}").getModel();
    }

    /** A block list as a flow list. */
    private static String flow(String block) {
        return "[" + block.strip().replaceFirst("^- ", "").replace("\n- ", ", ") + "]";
    }

    private static JobSpec load(String model, String... assignments) throws SpecException {
        return parse("model: " + model + "\ndata: {source: digits}\ntraining: {epochs: 1, batch: 8}\n", assignments);
    }

    private static JobSpec parse(String yaml, String... assignments) throws SpecException {
        var changes = new ArrayList<Assignment>();
        for (String assignment : assignments) {
            changes.add(Assignment.ofSet(assignment));
        }
        return JobFile.parse(yaml, "job.yaml", changes);
    }
}
