package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tutti.proto.v1.InspectJob;
import dev.tutti.proto.v1.JobFacts;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Layer;
import dev.tutti.proto.v1.LayerList;
import dev.tutti.proto.v1.Loss;
import dev.tutti.proto.v1.Model;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.model.LayerException;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import dev.tutti.worker.data.DataShelf;
import dev.tutti.worker.data.MnistDownload;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanJobTest {
    @TempDir
    Path folder;

    @Test
    void factsAreThoseOfDataAndModel() throws Exception {
        JobFacts facts = inspect(SmallJob.spec().build()).getFacts();

        assertThat(facts.getTrainSamples()).isEqualTo(164);
        assertThat(facts.getValidationSamples()).isEqualTo(36);
        assertThat(facts.getTestSamples()).isEqualTo(60);
        assertThat(facts.getTensorsList())
                .extracting(TensorPlacement::getName)
                .containsExactly(
                        "dense-1.weight",
                        "dense-1.bias",
                        "dense-2.weight",
                        "dense-2.bias",
                        "dense-3.weight",
                        "dense-3.bias");
        assertThat(facts.getTensors(0).getShapeList()).containsExactly(12, 784);
        assertThat(facts.getParameterCount()).isEqualTo(785 * 12 + 13 * 9 + 10 * 10);
        assertThat(facts.getTensors(0).getInitializer().getUniformBound()).isEqualTo((float) (1 / Math.sqrt(784)));
    }

    @Test
    void aBatchLargerThanTheTrainingDataIsOneSentence() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().setBatch(165);

        assertThat(inspect(spec.build()).getError())
                .isEqualTo("training.batch: expected at most the 164 training samples there are (36 of the source's 200"
                        + " are held out for validation), got 165");
    }

    @Test
    void missingFilesAreOneSentence() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getDataBuilder().getSourceBuilder().setName("mnist");

        assertThat(inspect(spec.build()).getError())
                .startsWith("mnist is missing")
                .contains("TUTTI_DATA")
                .doesNotContain("\n");
    }

    @Test
    void dataThatDoesNotFitIntoMemoryIsOneSentence() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getDataBuilder().getSourceBuilder().getDigitsBuilder().setTrain(Integer.MAX_VALUE);

        assertThat(inspect(spec.build()).getError()).startsWith("the data does not fit into this worker's memory of");
    }

    @Test
    void aModelThatDoesNotFitIntoMemoryIsOneSentence() throws Exception {
        assertThat(refusal(m -> m.setPreset("mlp").addHidden(10_000_000)))
                .startsWith("the model's 7,950,000,010 parameters, their gradients and a sample do not fit into this"
                        + " worker's memory");
    }

    @Test
    void meanSquaredErrorIsPlannedToo() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().setLoss(Loss.LOSS_MSE);

        assertThat(inspect(spec.build()).hasFacts()).isTrue();
    }

    @Test
    void everyPresetIsPlannedForImages() throws Exception {
        assertThat(tensors(m -> m.setPreset("lenet")))
                .startsWith("conv2d-1.weight [6, 1, 5, 5]", "conv2d-1.bias [6]")
                .endsWith("dense-3.weight [10, 84]", "dense-3.bias [10]");
        assertThat(tensors(m -> m.setPreset("lstm").addHidden(8).setLayerCount(2)))
                .contains("lstm-1.input-weight [32, 28]", "lstm-2.hidden-weight [32, 8]", "dense-1.weight [10, 8]");
        assertThat(tensors(m -> m.setPreset("transformer").setWidth(8).setHeads(2)))
                .startsWith("dense-1.weight [8, 28]", "dense-1.bias [8]", "positions-1.weight [28, 8]")
                .contains("attention-4.qkv.weight [24, 8]")
                .endsWith("dense-10.weight [10, 8]", "dense-10.bias [10]");
    }

    @Test
    void whatDoesNotFitIsOneSentenceThatNamesTheLayerWhatComesInAndWhatWasExpected() throws Exception {
        assertThat(refusal(m -> {
                    m.addLayersBuilder().getConv2DBuilder().setFilters(2).addKernel(31);
                    m.addLayersBuilder().getDenseBuilder().setUnits(10);
                }))
                .isEqualTo("model.layers[0] (conv2d): a window of 31x31 does not fit into images of 28x28 with padding"
                        + " 0x0; its input is [28, 28] for each sample");
        assertThat(refusal(m -> {
                    m.addLayersBuilder().getFlattenBuilder();
                    m.addLayersBuilder().getLstmBuilder().setHidden(8);
                    m.addLayersBuilder().getDenseBuilder().setUnits(10);
                }))
                .isEqualTo("model.layers[1] (lstm): expected [time, width]; its input is [784] for each sample");
        assertThat(refusal(m -> {
                    m.addLayersBuilder().getAttentionBuilder().setHeads(3);
                    m.addLayersBuilder().getMeanBuilder();
                    m.addLayersBuilder().getDenseBuilder().setUnits(10);
                }))
                .isEqualTo(
                        "model.layers[0] (attention): expected heads to divide the width 28, got 3; its input is [28,"
                                + " 28] for each sample");
        assertThat(refusal(m -> {
                    m.addLayersBuilder().getFlattenBuilder();
                    m.addLayersBuilder().getDenseBuilder().setUnits(12);
                }))
                .isEqualTo("model.layers: expected 10 numbers for a sample, one for each class, from the last layer,"
                        + " got 12 numbers from dense-1");
        assertThat(refusal(m -> m.addLayersBuilder().getDenseBuilder().setUnits(10)))
                .endsWith("from the last layer, got 28 times 10 numbers from dense-1");
        assertThat(refusal(m -> m.addLayersBuilder().getEmbeddingBuilder().setWidth(10)))
                .isEqualTo("model.layers[0] (embedding): expected tokens, got numbers; its input is [28, 28] for each"
                        + " sample");
    }

    @Test
    void aLayerThatDoesNotFitIsPlacedInItsListOfTheJobFile() throws Exception {
        assertThat(refusal(m -> {
                    m.addLayersBuilder()
                            .getLstmBuilder()
                            .setHidden(8)
                            .setLayers(3)
                            .setSequences(true);
                    Layer.Builder concat = m.addLayersBuilder();
                    concat.getConcatBuilder()
                            .addBranchesBuilder()
                            .addLayersBuilder()
                            .getReluBuilder();
                    LayerList.Builder branch = concat.getConcatBuilder().addBranchesBuilder();
                    branch.addLayersBuilder().getReluBuilder();
                    branch.addLayersBuilder()
                            .getResidualBuilder()
                            .addLayersBuilder()
                            .getAttentionBuilder()
                            .setHeads(3);
                }))
                .startsWith(
                        "model.layers[1].concat[1][1].residual[0] (attention): expected heads to divide the width 8");
        JobSpec.Builder small = SmallJob.text(folder.resolve("text.txt"), "");
        small.getModelBuilder().clearLayerCount();
        small.getModelBuilder().addLayersBuilder().getDenseBuilder().setUnits(8);
        assertThat(inspect(small.build()).getError())
                .startsWith("model.layers[0] (dense): expected numbers, got tokens");
        assertThat(LayerPlace.of(
                        Model.newBuilder().setPreset("lenet").build(),
                        catchThrowableOfType(
                                LayerException.class,
                                () -> Models.evaluation(
                                        new ModelSpec(new ModelInput.Numbers(List.of(4, 4)), Presets.lenet(10)),
                                        Objective.of(Task.CROSS_ENTROPY),
                                        1,
                                        ElementType.F32))))
                .isEqualTo("model.preset: layer 4 of lenet (conv2d-2)");
    }

    @Test
    void ignoredLabelsAreOfTheClasses() throws Exception {
        JobSpec.Builder ignoring = SmallJob.spec();
        ignoring.getTrainingBuilder().setIgnoredLabel(10);
        assertThat(inspect(ignoring.build()).getError())
                .isEqualTo(
                        "training.ignored-label: expected one of the 10 classes, 0 to 9, or a negative number, got 10");
        ignoring.getTrainingBuilder().setIgnoredLabel(-100);
        assertThat(inspect(ignoring.build()).hasFacts()).isTrue();
    }

    @Test
    void anUnknownEncodingOfPositionsIsNamed() throws Exception {
        assertThat(refusal(m -> m.addLayersBuilder().getPositionsBuilder().setEncoding("rotary")))
                .isEqualTo("the job cannot be planned: the encoding of positions: expected learned or sinusoidal, got"
                        + " \"rotary\"");
    }

    @Test
    void runningStatisticsDoNotTravelInPart() throws Exception {
        JobSpec.Builder spec = withModel(m -> {
                    m.addLayersBuilder().getConv2DBuilder().setFilters(2).addKernel(3);
                    m.addLayersBuilder().getBatchNormBuilder();
                    m.addLayersBuilder().getFlattenBuilder();
                    m.addLayersBuilder().getDenseBuilder().setUnits(10);
                })
                .toBuilder();
        spec.getTrainingBuilder()
                .getExchangeBuilder()
                .getGradientsBuilder()
                .getTopKBuilder()
                .setShare(0.1);
        assertThat(inspect(spec.build()).getError())
                .isEqualTo("training.exchange.gradients: top-k leaves out most elements, but all of"
                        + " batch-norm-1.running-mean are needed in each step: expected f32, bf16, f16 or int8 for a"
                        + " model with batch norm");
    }

    @Test
    void batchNormOfSingleValuesIsRefused() throws Exception {
        Consumer<Model.Builder> dense = m -> {
            m.addLayersBuilder().getFlattenBuilder();
            m.addLayersBuilder().getBatchNormBuilder();
            m.addLayersBuilder().getDenseBuilder().setUnits(10);
        };
        assertThat(refusal(dense))
                .isEqualTo("model.layers: batch-norm-1 needs more than one value a channel to train on, and a sample"
                        + " gives it one: expected two samples or more in each slice of a step, got one"
                        + " (training.batch is 32, the last batch of an epoch 4, and there are 5 slices):"
                        + " choose a batch that leaves no single sample");
        JobSpec.Builder larger = withModel(dense).toBuilder();
        larger.getTrainingBuilder().setBatch(41);
        assertThat(inspect(larger.build()).hasFacts()).isTrue();
        assertThat(refusal(m -> {
                    m.addLayersBuilder()
                            .getReshapeBuilder()
                            .addShape(1)
                            .addShape(28)
                            .addShape(28);
                    m.addLayersBuilder().getBatchNormBuilder();
                    m.addLayersBuilder().getFlattenBuilder();
                    m.addLayersBuilder().getDenseBuilder().setUnits(10);
                }))
                .as("of images")
                .isEmpty();
    }

    @Test
    void whatTheBackendHasNoKernelForIsFoundBeforeTraining() throws Exception {
        JobInspected answer = new PlanJob(data(), new WithoutKernels())
                .inspect(InspectJob.newBuilder()
                        .setJob("job-1")
                        .setSpec(SmallJob.spec())
                        .build());

        assertThat(answer.getError()).isEqualTo("the job cannot be planned: no kernel for conv2d in f16");
    }

    /** A backend for hardware that can do nothing. */
    private static final class WithoutKernels implements Backend {
        @Override
        public String name() {
            return "none";
        }

        @Override
        public String numerics() {
            return "none";
        }

        @Override
        public Program compile(Graph graph, ParameterBuffers buffers) {
            throw new UnsupportedOperationException("no kernel for conv2d in f16");
        }
    }

    private List<String> tensors(Consumer<Model.Builder> model) throws Exception {
        return inspect(withModel(model)).getFacts().getTensorsList().stream()
                .map(tensor -> tensor.getName() + " " + tensor.getShapeList())
                .toList();
    }

    private String refusal(Consumer<Model.Builder> model) throws Exception {
        return inspect(withModel(model)).getError();
    }

    private static JobSpec withModel(Consumer<Model.Builder> model) {
        JobSpec.Builder spec = SmallJob.spec();
        model.accept(spec.clearModel().getModelBuilder());
        return spec.build();
    }

    @Test
    void transformsFollowEachOther() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getDataBuilder()
                .addTransformsBuilder()
                .getNormalizeBuilder()
                .setMean(0.5)
                .setStd(0.25);
        spec.getDataBuilder()
                .addTransformsBuilder()
                .getNormalizeBuilder()
                .setMean(1)
                .setStd(2);

        var scale = PreparedJob.scale(spec.getData());

        // ((x − 0.5) / 0.25 − 1) / 2 = (x − 0.75) / 0.5
        assertThat(scale.mean()).isEqualTo(0.75);
        assertThat(scale.std()).isEqualTo(0.5);
    }

    private JobInspected inspect(JobSpec spec) throws InterruptedException {
        return new PlanJob(
                        new JobData(folder, new MnistDownload(List.of()), new DataShelf()),
                        Backends.select("reference", 1))
                .inspect(InspectJob.newBuilder().setJob("job-1").setSpec(spec).build());
    }

    private JobData data() {
        return new JobData(folder, new MnistDownload(List.of()), new DataShelf());
    }
}
