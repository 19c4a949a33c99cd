package dev.tutti.proto.spec;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.tutti.proto.v1.Data;
import dev.tutti.proto.v1.Model;
import java.util.List;
import java.util.Optional;

/** The rules of {@code model}. */
final class ModelRules {
    private final Problems problems;

    ModelRules(Problems problems) {
        this.problems = problems;
    }

    void check(Model model, Data data) {
        boolean layers = model.getLayersCount() > 0;
        if (model.getPreset().isEmpty()) {
            if (layers) {
                new LayerRules(problems).check("model.layers", model.getLayersList());
                foreignKeys(model);
            } else {
                problems.add("model.preset", "is missing; " + knownPresets());
            }
        } else if (!ModelKeys.presets().contains(model.getPreset())) {
            problems.add(
                    "model.preset",
                    "is no preset: " + model.getPreset() + DidYouMean.hint(model.getPreset(), ModelKeys.presets())
                            + "; " + knownPresets());
        } else if (layers) {
            problems.mismatch(
                    "model.layers",
                    "are a model of one's own, and model.preset, which is %s, is another: leave one of them out"
                            .formatted(model.getPreset()),
                    "model.preset",
                    Optional.empty());
        } else {
            foreignKeys(model);
            preset(model, data);
        }
    }

    private void preset(Model model, Data data) {
        switch (model.getPreset()) {
            case ModelKeys.MLP -> {
                if (model.getHiddenCount() > LayerRules.MAX_LAYERS) {
                    problems.add(
                            "model.hidden",
                            "must have at most " + LayerRules.MAX_LAYERS + " layers, got " + model.getHiddenCount());
                }
                problems.counts("model.hidden", model.getHiddenList());
            }
            case ModelKeys.LSTM -> {
                if (model.getHiddenCount() > 1) {
                    problems.add("model.hidden", "must be one width, of all layers, got " + model.getHiddenList());
                }
                problems.counts("model.hidden", model.getHiddenList());
                problems.count("model.layers", model.getLayerCount());
            }
            case ModelKeys.TRANSFORMER -> transformer(model, data);
            default -> {
                // LeNet has no keys.
            }
        }
    }

    private void transformer(Model model, Data data) {
        problems.count("model.layers", model.getLayerCount());
        problems.count("model.width", model.getWidth());
        problems.count("model.heads", model.getHeads());
        if (model.getWidth() > 0 && model.getHeads() > 0 && model.getWidth() % model.getHeads() != 0) {
            problems.mismatch(
                    "model.heads",
                    "must divide model.width, which is %d, got %d".formatted(model.getWidth(), model.getHeads()),
                    "model.width",
                    Optional.empty());
        }
        if (model.hasContext()) {
            problems.count("model.context", model.getContext());
        }
        int ofData = data.getSource().getText().getContext();
        if (data.getSource().hasText()
                && ofData != model.getContext()
                && WholeRange.allows("model.context", model.getContext())
                && WholeRange.allows("data.source.text.context", ofData)) {
            problems.mismatch(
                    "model.context",
                    "must be that of data.source.text, which is %d, got %d".formatted(ofData, model.getContext()),
                    "data.source.text.context",
                    Optional.empty());
        }
        if (model.hasVocabulary()) {
            problems.count("model.vocabulary", model.getVocabulary());
        }
        if (model.hasFeedForward()) {
            problems.count("model.feed-forward", model.getFeedForward());
        }
        problems.fraction("model.dropout", model.getDropout());
        problems.choice("model.activation", model.getActivation(), List.of("gelu", "relu"));
        problems.choice("model.positions", model.getPositions(), List.of("learned", "sinusoidal"));
        problems.choice("model.norm", model.getNorm(), List.of("pre", "post"));
        if (model.hasPadding()) {
            problems.count("model.padding", model.getPadding());
        }
    }

    /** What is set, and says nothing about this model. */
    private void foreignKeys(Model model) {
        for (FieldDescriptor field : model.getAllFields().keySet()) {
            if (!ModelKeys.has(model, field)) {
                problems.add(
                        "model." + ModelKeys.name(field),
                        "is no key of %s; %s takes it"
                                .formatted(
                                        model.getPreset().isEmpty() ? "a model of layers" : model.getPreset(),
                                        String.join(" or ", ModelKeys.presetsThatTake(field))));
            }
        }
    }

    private static String knownPresets() {
        return "known presets: " + String.join(", ", ModelKeys.presets()) + ", or a list of layers";
    }
}
