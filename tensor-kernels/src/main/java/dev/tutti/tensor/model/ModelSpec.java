package dev.tutti.tensor.model;

import java.util.List;

/** What a model is, without its rows, its loss or its precision. {@link Presets} makes well-known ones. */
public record ModelSpec(ModelInput input, List<Layer> layers) {
    public ModelSpec {
        layers = List.copyOf(layers);
    }

    /** {@link Presets#mlp} over samples of so many numbers. */
    public static ModelSpec mlp(int inputs, List<Integer> hidden, int outputs) {
        return new ModelSpec(new ModelInput.Numbers(List.of(inputs)), Presets.mlp(hidden, outputs));
    }
}
