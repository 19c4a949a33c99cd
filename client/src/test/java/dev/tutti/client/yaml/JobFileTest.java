package dev.tutti.client.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.client.report.OutputFormat;
import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.ExchangeEncodings;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Loss;
import dev.tutti.proto.v1.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobFileTest {
    private static final String JOB = """
        name: small
        seed: 42
        model:
          preset: mlp
          hidden: [256, 128]
        data:
          source: mnist
          split: {validation: 0.1}
          transforms: [{normalize: {mean: 0.1307, std: 0.3081}}]
        training:
          epochs: 5
          batch: 64
          loss: cross-entropy
          optimizer: {adam: {rate: 0.001}}
          precision: bf16
          consistency: asynchronous
        cluster:
          workers: {min: 1, max: 4}
          parameter-servers: 2
        checkpoint: {every: 500, keep: 2}
        """;

    @Test
    void readsEveryKindOfValue() throws SpecException {
        JobSpec spec = load(JOB);

        assertThat(spec.getName()).isEqualTo("small");
        assertThat(spec.getSeed()).isEqualTo(42);
        assertThat(spec.getModel().getHiddenList()).containsExactly(256, 128);
        assertThat(spec.getData().getSource().getName()).isEqualTo("mnist");
        assertThat(spec.getData().getSplit().getValidation()).isEqualTo(0.1);
        assertThat(spec.getData().getTransforms(0).getNormalize().getStd()).isEqualTo(0.3081);
        assertThat(spec.getTraining().getLoss()).isEqualTo(Loss.LOSS_CROSS_ENTROPY);
        assertThat(spec.getTraining().getPrecision()).isEqualTo(Precision.PRECISION_BF16);
        assertThat(spec.getTraining().getConsistency().hasAsynchronous()).isTrue();
        assertThat(spec.getTraining().getOptimizer().getAdam().getRate()).isEqualTo(0.001);
        assertThat(spec.getCluster().getWorkers().getMax()).isEqualTo(4);
        assertThat(spec.getCluster().getParameterServers()).isEqualTo(2);
        assertThat(spec.getCheckpoint().getKeep()).isEqualTo(2);
    }

    @Test
    void fillsInDefaults() throws SpecException {
        JobSpec spec = load(JOB.replace("  precision: bf16\n", ""));

        assertThat(spec.getTraining().getPrecision()).isEqualTo(Precision.PRECISION_F32);
        assertThat(spec.getCluster().getSlices()).isEqualTo(4);
    }

    @ParameterizedTest(name = "{0} -> {1}")
    @CsvSource(delimiter = '|', textBlock = """
        training.consistency=synchronous            | synchronous
        training.consistency={asynchronous: {}}     | asynchronous
        training.consistency={synchronous: {}}      | synchronous
        training.consistency=local                  | local
        training.consistency={bounded-staleness: 3} | bounded_staleness
        training.consistency.local.steps=20         | local
        """)
    void choosesAMessageByItsName(String assignment, String chosen) throws SpecException {
        assertThat(load(JOB, assignment)
                        .getTraining()
                        .getConsistency()
                        .getKindCase()
                        .name())
                .isEqualToIgnoringCase(chosen);
    }

    @ParameterizedTest(name = "{0} -> {1}, {2}, {3}")
    @CsvSource(delimiter = '|', textBlock = """
        training.exchange={gradients: bf16}                              | bf16  | 0    | f32
        training.exchange={gradients: int8, parameters: bf16}            | int8  | 0    | bf16
        training.exchange.gradients=top-k                                | top_k | 0.01 | f32
        training.exchange={gradients: {top-k: 0.05}, parameters: f16}    | top_k | 0.05 | f16
        training.exchange.parameters=f32                                 | f32   | 0    | f32
        """)
    void readsWhatTravels(String assignment, String gradients, double share, String parameters) throws SpecException {
        ExchangeEncodings exchange =
                JobSpecs.withDefaults(load(JOB, assignment)).getTraining().getExchange();

        assertThat(exchange.getGradients().getKindCase().name()).isEqualToIgnoringCase(gradients);
        assertThat(exchange.getGradients().getTopK().getShare()).isEqualTo(share);
        assertThat(exchange.getParameters().name()).isEqualToIgnoringCase("precision_" + parameters);
    }

    @Test
    void takesAScalarForAMessagesFirstField() throws SpecException {
        assertThat(load(JOB, "data.split=0.25").getData().getSplit().getValidation())
                .isEqualTo(0.25);
        assertThat(load(JOB, "data.source=digits").getData().getSource().getName())
                .isEqualTo("digits");
        assertThat(load(JOB, "training.optimizer=adam")
                        .getTraining()
                        .getOptimizer()
                        .hasAdam())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({"1e-3, 0.001", "1_000, 1000.0", ".5, 0.5", "+2, 2.0", "1, 1.0"})
    void readsNumbersAsPeopleWriteThem(String text, double value) throws SpecException {
        assertThat(load(JOB, "training.optimizer.adam.rate=" + text)
                        .getTraining()
                        .getOptimizer()
                        .getAdam()
                        .getRate())
                .isEqualTo(value);
    }

    @Test
    void keepsAllBitsOfASeed() throws SpecException {
        assertThat(load(JOB, "seed=18446744073709551615").getSeed()).isEqualTo(-1L);
    }

    @Test
    void laterAssignmentsWin() throws SpecException {
        JobSpec spec = load(JOB, "training.optimizer.sgd.rate=0.1", "training.epochs=7", "training.epochs=9");

        assertThat(spec.getTraining().getEpochs()).isEqualTo(9);
        assertThat(spec.getTraining().getOptimizer().getSgd().getRate()).isEqualTo(0.1);
        assertThat(spec.getTraining().getOptimizer().hasAdam()).isFalse();
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource(delimiter = '|', textBlock = """
        epochs: 5           | epoch: 5                | job.yaml:11: unknown key 'epoch' under training; did you mean 'epochs'?
        name: small         | nam: small              | job.yaml:1: unknown key 'nam' at the top level; did you mean 'name'?
        parameter-servers   | parameter_servers       | job.yaml:19: unknown key 'parameter_servers' under cluster; did you mean 'parameter-servers'?
        epochs: 5           | epochs: five            | job.yaml:11: training.epochs must be a whole number, but is 'five'
        epochs: 5           | epochs: 1.5             | job.yaml:11: training.epochs must be a whole number, but is 1.5
        epochs: 5           | epochs: '5'             | job.yaml:11: training.epochs must be a whole number, but is the text '5'
        epochs: 5           | epochs: -1              | job.yaml:11: training.epochs must be 1 to 1000000, got -1
        seed: 42            | seed: -1                | job.yaml:2: seed must be 0 to 18446744073709551615, got -1
        epochs: 5           | epochs: 4294967296      | job.yaml:11: training.epochs must be 1 to 1000000, got 4294967296
        epochs: 5           | epochs: [5]             | job.yaml:11: training.epochs must be a single value, but is a list
        epochs: 5           | epochs:                 | job.yaml:11: training.epochs has no value
        epochs: 5           | epochs: 0               | job.yaml:11: training.epochs must be 1 to 1000000, got 0
        rate: 0.001         | rate: fast              | job.yaml:14: training.optimizer.adam.rate must be a number, but is 'fast'
        rate: 0.001         | rate: .inf              | job.yaml:14: training.optimizer.adam.rate must be a finite number, but is .inf
        rate: 0.001         | rate: 1e999             | job.yaml:14: training.optimizer.adam.rate must be a finite number, but is 1e999
        loss: cross-entropy | loss: cross-entropi     | job.yaml:13: training.loss must be one of cross-entropy, mse, binary-cross-entropy, but is 'cross-entropi'; did you mean 'cross-entropy'?
        [256, 128]          | {a: 1}                  | job.yaml:5: model.hidden must be a list such as […], but is a mapping
        [256, 128]          | wide                    | job.yaml:5: model.hidden[0] must be a whole number, but is 'wide'
        [256, 128]          | [256, x]                | job.yaml:5: model.hidden[1] must be a whole number, but is 'x'
        {adam: {rate: 0.001}} | {adam: {}, sgd: {rate: 1}} | job.yaml:14: choose one of 'adam' and 'sgd' under training.optimizer
        {adam: {rate: 0.001}} | adem                  | job.yaml:14: training.optimizer must be one of sgd, adam, adamw, rmsprop, adagrad, but is 'adem'; did you mean 'adam'?
        {adam: {rate: 0.001}} | [adam]                | job.yaml:14: training.optimizer must be one of sgd, adam, adamw, rmsprop, adagrad, but is a list
        batch: 64           | epochs: 64              | job.yaml:12: 'epochs' stands twice under training
        preset: mlp         | preset: {mlp: 1}        | job.yaml:4: model.preset must be a single value, but is a mapping
        {min: 1, max: 4}    | {min: 1, max: 4         | job.yaml:19: this is not YAML: while parsing a flow mapping, expected ',' or '}', but got :
        min: 1              | min: *one               | job.yaml:18: YAML aliases (*name) are not allowed here; write the value out
        seed: 42            | ---                     | job.yaml:2: a second YAML document begins here; a file describes one job
        """)
    void saysWhereAndWhat(String good, String bad, String sentence) {
        assertThat(JOB).contains(good);
        assertThatThrownBy(() -> load(JOB.replace(good, bad == null ? "" : bad)))
                .isInstanceOf(SpecException.class)
                .hasMessage(sentence);
    }

    @Test
    void aMissingKeyIsPlacedAtTheNearestThingAroundIt() {
        assertThatThrownBy(() -> load(JOB.replace("  preset: mlp\n", "")))
                .hasMessageStartingWith("job.yaml:3: model.preset is missing");
    }

    @Test
    void namesEveryBrokenRule() {
        assertThatThrownBy(() -> load(JOB, "training.epochs=0", "training.batch=0"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .anySatisfy(
                                        p -> assertThat(p).startsWith("--set training.epochs=0: training.epochs must "))
                                .anySatisfy(
                                        p -> assertThat(p).startsWith("--set training.batch=0: training.batch must ")));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
        training.epoch=3       | --set training.epoch=3: unknown key 'epoch' under training; did you mean 'epochs'?
        trainig.epochs=3       | --set trainig.epochs=3: unknown key 'trainig' at the top level; did you mean 'training'?
        training.epochs        | --set training.epochs: write path=value, for example --set training.epochs=3
        training.epochs=       | --set training.epochs=: training.epochs has no value
        training.epochs=x      | --set training.epochs=x: training.epochs must be a whole number, but is 'x'
        name=''                | --set name='': name must have 1 to 128 characters
        training.clip=1        | --set training.clip=1: training.clip must be a mapping with the keys value, norm, but is '1'
        training.regularization=0.1 | --set training.regularization=0.1: training.regularization must be a mapping with the keys l1, l2, but is '0.1'
        training.exchange=bf16 | --set training.exchange=bf16: training.exchange must be a mapping with the keys gradients, parameters, but is 'bf16'
        training.consistency={bounded-staleness: 1.5} | --set training.consistency={bounded-staleness: 1.5}: training.consistency.bounded-staleness must be a whole number, or a mapping with the keys clocks, but is '1.5'
        training.exchange.gradients={top-k: much} | --set training.exchange.gradients={top-k: much}: training.exchange.gradients.top-k must be a number, or a mapping with the keys share, but is 'much'
        data.source={digits: {train: 0}} | --set data.source={digits: {train: 0}}: data.source.digits.train must be 1 to 1000000, got 0
        training.epochs.x=3    | --set training.epochs.x=3: training.epochs has no keys of its own; set it as a whole
        data.transforms.x=3    | --set data.transforms.x=3: data.transforms has no keys of its own; set it as a whole
        cluster.workers={min   | --set cluster.workers={min: this is not YAML: while parsing a flow mapping, expected ',' or '}', but got <stream end>
        """)
    void assignmentsFailAsClearly(String assignment, String sentence) {
        assertThatThrownBy(() -> load(JOB, assignment)).hasMessage(sentence);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
        cluster.slices=3         | --set cluster.slices=3: cluster.slices must be at least workers.max, which is 4, so that every worker has a slice, got 3 (--set cluster.slices=4 would do)
        cluster.workers.min=5    | --set cluster.workers.min=5: cluster.workers.max must be at least workers.min, which is 5, got 4 (--set cluster.workers.max=5 would do)
        cluster.workers={min: 5} | --set cluster.workers={min: 5}: cluster.slices must be at least workers.max, which is 5, so that every worker has a slice, got 4 (--set cluster.slices=5 would do)
        training.batch=2         | --set training.batch=2: cluster.slices must be at most training.batch, which is 2, so that no slice is empty, got 4
        training={batch: 8}      | --set training={batch: 8}: training.epochs is missing
        """)
    void theCommandLineIsToBlameForWhatItContradicts(String assignment, String sentence) {
        String job = JOB.replace("parameter-servers: 2", "slices: 4");

        assertThatThrownBy(() -> load(job, assignment)).hasMessage(sentence);
    }

    @Test
    void aValueThatFollowsFromAnotherIsBlamedOnIt() {
        String job = JOB.replace("{min: 1, max: 4}", "{min: 1}").replace("parameter-servers: 2", "slices: 2");

        assertThatThrownBy(() -> load(job, "cluster.workers.min=3"))
                .hasMessageStartingWith("--set cluster.workers.min=3: cluster.slices must be at least workers.max");
    }

    @Test
    void aContradictionWithinTheFileIsTheFiles() {
        assertThatThrownBy(() -> load(JOB.replace("parameter-servers: 2", "slices: 2"), "training.epochs=3"))
                .hasMessageStartingWith("job.yaml:19: cluster.slices must be")
                .hasMessageEndingWith("got 2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n", "# only a comment\n"})
    void anEmptyFileIsNoJob(String text) {
        assertThatThrownBy(() -> load(text)).hasMessageStartingWith("job.yaml is empty");
    }

    @ParameterizedTest
    @ValueSource(strings = {"mlp", "[1, 2]", "42"})
    void aJobIsAMapping(String text) {
        assertThatThrownBy(() -> load(text))
                .hasMessageStartingWith("job.yaml:1: a job must be a mapping with the keys name, seed");
    }

    @Test
    void nestingHasAnEnd() {
        assertThatThrownBy(() -> load("[".repeat(100_000))).isInstanceOf(SpecException.class);
    }

    @Test
    void aMissingFileIsNamed(@TempDir Path folder) {
        Path file = folder.resolve("nothing.yaml");

        assertThatThrownBy(() -> JobFile.load(file, List.of())).hasMessage(file + " does not exist");
        assertThatThrownBy(() -> JobFile.load(folder, List.of())).hasMessageContaining("is a folder");
    }

    @Test
    void aBinaryFileIsNoJob(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("binary.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1, 2});

        assertThatThrownBy(() -> JobFile.load(file, List.of())).hasMessage(file + " is not a text file in UTF-8");
    }

    @Test
    void theTreeReadsBackAsTheSameJob() throws SpecException {
        JobSpec spec = load(JOB);

        var yaml = OutputFormat.yaml(SpecTree.of(spec));

        assertThat(load(yaml)).isEqualTo(spec);
        assertThat(SpecTree.of(spec.getTraining()))
                .containsEntry("consistency", Map.of("asynchronous", Map.of("staleness-scaled", false)))
                .containsEntry("loss", "cross-entropy");
    }

    @Test
    void theTreeOfASmallJobHasEveryDefault() throws SpecException {
        JobSpec spec = load("""
            model: {preset: mlp}
            data: {source: {digits: {test: 100}}}
            training: {epochs: 1, batch: 8, optimizer: {sgd: {rate: 0.1}}}
            """);

        Map<String, Object> tree = SpecTree.of(spec);

        assertThat(tree)
                .containsEntry("seed", 0L)
                .containsEntry("model", Map.of("preset", "mlp", "hidden", List.of()))
                .containsEntry(
                        "data",
                        Map.of(
                                "source", Map.of("digits", Map.of("train", 12_000L, "test", 100L)),
                                "split", Map.of("validation", 0.0),
                                "transforms", List.of()))
                .containsEntry("checkpoint", Map.of("every", 0L, "keep", 3L));
        assertThat(SpecTree.of(spec.getTraining().getOptimizer().getSgd())).containsEntry("momentum", 0.0);
        assertThat(load(OutputFormat.yaml(tree))).isEqualTo(spec);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mnist-mlp.yaml", "mnist-mlp-async.yaml", "mnist-mlp-bounded.yaml", "mnist-mlp-local.yaml"})
    void theExamplesAreJobs(String example) throws SpecException {
        assertThat(JobFile.load(Path.of("../examples", example), List.of())
                        .getModel()
                        .getHiddenList())
                .containsExactly(256, 128, 64);
    }

    private static JobSpec load(String yaml, String... assignments) throws SpecException {
        var changes = new ArrayList<Assignment>();
        for (String assignment : assignments) {
            changes.add(Assignment.ofSet(assignment));
        }
        return JobFile.parse(yaml, "job.yaml", changes);
    }
}
