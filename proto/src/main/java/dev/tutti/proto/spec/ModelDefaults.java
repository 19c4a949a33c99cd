package dev.tutti.proto.spec;

import dev.tutti.proto.v1.Data;
import dev.tutti.proto.v1.Model;

/** What a model's keys mean when they are left out, as far as can be told without the data. */
final class ModelDefaults {
    private static final int LSTM_HIDDEN = 128;
    private static final int LSTM_LAYERS = 1;
    private static final int TRANSFORMER_LAYERS = 4;
    private static final int TRANSFORMER_WIDTH = 128;
    private static final int TRANSFORMER_HEADS = 4;
    /** Vaswani et al. 2017, 3.3. */
    private static final int FEED_FORWARD_PER_WIDTH = 4;

    private ModelDefaults() {}

    /** @param data with its defaults */
    static Model fill(Model model, Data data) {
        return switch (model.getPreset()) {
            case "" -> LayerDefaults.fill(model);
            case ModelKeys.LSTM -> lstm(model);
            case ModelKeys.TRANSFORMER -> transformer(model, data);
            default -> model;
        };
    }

    private static Model lstm(Model model) {
        Model.Builder filled = model.toBuilder();
        if (model.getHiddenCount() == 0) {
            filled.addHidden(LSTM_HIDDEN);
        }
        return filled.setLayerCount(model.hasLayerCount() ? model.getLayerCount() : LSTM_LAYERS)
                .build();
    }

    private static Model transformer(Model model, Data data) {
        int width = model.hasWidth() ? model.getWidth() : TRANSFORMER_WIDTH;
        Model.Builder filled = model.toBuilder()
                .setLayerCount(model.hasLayerCount() ? model.getLayerCount() : TRANSFORMER_LAYERS)
                .setWidth(width)
                .setHeads(model.hasHeads() ? model.getHeads() : TRANSFORMER_HEADS)
                .setActivation(model.hasActivation() ? model.getActivation() : "gelu")
                .setPositions(model.hasPositions() ? model.getPositions() : "learned")
                .setNorm(model.hasNorm() ? model.getNorm() : "pre")
                .setCausal(model.hasCausal() ? model.getCausal() : TextData.isText(data));
        if (!model.hasFeedForward() && WholeRange.allows("model.width", width)) {
            filled.setFeedForward(FEED_FORWARD_PER_WIDTH * width);
        }
        if (TextData.isText(data) && !model.hasContext()) {
            filled.setContext(TextData.validContext(TextData.source(data, model).getContext()));
        }
        return filled.build();
    }
}
