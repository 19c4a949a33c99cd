package dev.tutti.worker.training;

import dev.tutti.proto.v1.Model;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.model.Layer;
import dev.tutti.tensor.model.LayerException;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import dev.tutti.worker.data.DataException;
import dev.tutti.worker.data.Dataset;
import dev.tutti.worker.data.TokenWindows;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/** A job's model for its data: images come as they are, row by row for what wants times; of a text each token gets logits for the next one. */
final class JobModel {
    private final Model model;
    private final Dataset data;

    private JobModel(Model model, Dataset data) {
        this.model = model;
        this.data = data;
    }

    /**
     * @param model with its defaults
     * @throws DataException if the model says what the data contradicts
     */
    static ModelSpec of(Model model, Dataset data) throws DataException {
        JobModel job = new JobModel(model, data);
        return new ModelSpec(job.input(), job.layers());
    }

    /**
     * That each layer fits to what comes in, and that the last one gives a number for each class of each label.
     *
     * @throws DataException naming the layer, what comes in and what was expected
     */
    static void requireFit(PreparedJob job) throws DataException {
        Dataset data = job.data().train();
        Graph graph = graph(job.model(), job.spec().getModel());
        Tensor logits = graph.output(Models.LOGITS);
        int rows = logits.shape().size(0);
        int numbers = logits.shape().last();
        if (rows != data.labelsPerSample() || numbers != data.classes()) {
            String last = layerOf(graph, logits);
            throw new DataException("model.layers: expected %s, from the last layer, got %s from %s%s"
                    .formatted(
                            data.labelsPerSample() == 1
                                    ? "%d numbers for a sample, one for each class".formatted(data.classes())
                                    : "%d numbers for each of a sample's %d tokens, one for each token there is"
                                            .formatted(data.classes(), data.labelsPerSample()),
                            rows == 1 ? numbers + " numbers" : rows + " times " + numbers + " numbers",
                            last,
                            last.startsWith("tied-dense") && numbers > data.classes()
                                    ? ", which gives one for each row of the embedding: leave out its vocabulary, or"
                                            + " set it to "
                                            + data.classes()
                                    : ""));
        }
    }

    /** @param file as the job file has the model */
    private static Graph graph(ModelSpec model, Model file) throws DataException {
        try {
            return Models.evaluation(model, Objective.of(Task.CROSS_ENTROPY), 1, ElementType.F32);
        } catch (LayerException e) {
            throw new DataException(LayerPlace.of(file, e) + ": " + e.sentence(), e);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new DataException("the model does not fit its data, or itself: " + e.getMessage(), e);
        }
    }

    /** The name of the layer that gave the logits, before they were made a matrix. */
    private static String layerOf(Graph graph, Tensor logits) {
        Tensor given = graph.instructions().stream()
                .filter(instruction -> instruction.results().contains(logits))
                .map(Instruction::op)
                .filter(LayoutOp.Reshape.class::isInstance)
                .map(op -> op.operands().getFirst())
                .findFirst()
                .orElse(logits);
        return given.name().replaceFirst("\\..*", "");
    }

    private ModelInput input() {
        return data.featureType() == ElementType.I32
                ? new ModelInput.Tokens(data.featureCount(), padding())
                : new ModelInput.Numbers(data.featureShape());
    }

    private OptionalInt padding() {
        return model.hasPadding() ? OptionalInt.of(model.getPadding()) : OptionalInt.empty();
    }

    private List<Layer> layers() throws DataException {
        int classes = data.classes();
        return switch (model.getPreset()) {
            case "" -> {
                if (data instanceof TokenWindows) {
                    ModelLayers.requireVocabulary("model.layers", model.getLayersList(), classes);
                }
                yield ModelLayers.of(model.getLayersList(), classes);
            }
            case "mlp" -> Presets.mlp(images().getHiddenList(), classes);
            case "lenet" -> lenet(classes);
            case "lstm" -> lstm();
            case "transformer" -> transformer();
            default ->
                throw new DataException(
                        "model.preset: expected mlp, lenet, lstm or transformer, got \"" + model.getPreset() + "\"");
        };
    }

    private List<Layer> lenet(int classes) throws DataException {
        images();
        return Presets.lenet(classes);
    }

    /** The model, if it is given numbers. */
    private Model images() throws DataException {
        if (data instanceof TokenWindows) {
            throw new DataException(
                    "model.preset: expected lstm, transformer or layers that begin with an embedding for a text, got "
                            + model.getPreset());
        }
        return model;
    }

    private List<Layer> lstm() {
        int hidden = model.getHidden(0);
        int count = model.getLayerCount();
        if (!(data instanceof TokenWindows)) {
            return Presets.lstm(hidden, count, data.classes());
        }
        List<Layer> layers = new ArrayList<>();
        layers.add(new Layer.Embedding(data.classes(), hidden, Layer.Embedding.UNIT_DEVIATION));
        for (int layer = 0; layer < count; layer++) {
            layers.add(new Layer.Lstm(hidden, true));
        }
        layers.add(new Layer.Dense(data.classes()));
        return layers;
    }

    private List<Layer> transformer() throws DataException {
        boolean text = data instanceof TokenWindows;
        int times = data.featureShape().getFirst();
        if (model.hasContext() && model.getContext() != times) {
            throw new DataException("model.context: expected %d, which is what the data gives, got %d"
                    .formatted(times, model.getContext()));
        }
        int vocabulary = model.hasVocabulary() ? model.getVocabulary() : data.classes();
        if (text) {
            requireVocabulary(vocabulary);
        }
        if (!text) {
            requireNoTokens();
        }
        if (model.hasPadding() && Integer.compareUnsigned(model.getPadding(), vocabulary) >= 0) {
            throw new DataException("model.padding: expected a token of the vocabulary, 0 to %d, got %s"
                    .formatted(vocabulary - 1, Integer.toUnsignedString(model.getPadding())));
        }
        Presets.Transformer preset = preset(vocabulary);
        return text ? preset.layers(data.classes(), true) : preset.overNumbers(data.classes());
    }

    /** The rows of an image are numbers. */
    private void requireNoTokens() throws DataException {
        Map<String, Boolean> ofTokens = new TreeMap<>(Map.of(
                "vocabulary", model.hasVocabulary(),
                "padding", model.hasPadding(),
                "tied", model.getTied(),
                "sparse", model.getSparse()));
        for (Map.Entry<String, Boolean> key : ofTokens.entrySet()) {
            if (key.getValue()) {
                throw new DataException("model." + key.getKey()
                        + ": expected none for images, whose rows are the transformer's times and no tokens");
            }
        }
    }

    private void requireVocabulary(int vocabulary) throws DataException {
        if (vocabulary < data.classes()) {
            throw new DataException("model.vocabulary: expected at least the %d different tokens of the text, got %d"
                    .formatted(data.classes(), vocabulary));
        }
        if (model.getTied() && vocabulary > data.classes()) {
            throw new DataException(
                    "model.vocabulary: expected the %d different tokens of the text and no more with model.tied, which makes each row of the embedding a next token, got %d"
                            .formatted(data.classes(), vocabulary));
        }
    }

    private Presets.Transformer preset(int vocabulary) {
        return new Presets.Transformer(
                vocabulary,
                model.getWidth(),
                model.getHeads(),
                model.getLayerCount(),
                model.getFeedForward(),
                (float) model.getDropout(),
                ModelLayers.encoding(model.getPositions()),
                model.getActivation().equals("relu") ? Activation.RELU : Activation.GELU,
                model.getCausal(),
                model.getTied(),
                model.getNorm().equals("pre"),
                model.getSparse());
    }
}
