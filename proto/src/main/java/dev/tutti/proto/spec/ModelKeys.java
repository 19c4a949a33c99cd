package dev.tutti.proto.spec;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.tutti.proto.v1.Model;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The presets and the keys each takes, as they stand in the job file. */
public final class ModelKeys {
    static final String MLP = "mlp";
    static final String LENET = "lenet";
    static final String LSTM = "lstm";
    static final String TRANSFORMER = "transformer";

    private static final Map<String, List<String>> BY_PRESET = byPreset();

    private ModelKeys() {}

    static Collection<String> presets() {
        return BY_PRESET.keySet();
    }

    /** Whether a key says something about this model: of its preset, or of a model of layers. */
    public static boolean has(Model model, FieldDescriptor field) {
        return switch (field.getNumber()) {
            case Model.PRESET_FIELD_NUMBER -> !model.getPreset().isEmpty();
            case Model.LAYERS_FIELD_NUMBER -> model.getPreset().isEmpty();
            default -> BY_PRESET.getOrDefault(model.getPreset(), List.of()).contains(name(field));
        };
    }

    static List<String> presetsThatTake(FieldDescriptor field) {
        return BY_PRESET.entrySet().stream()
                .filter(preset -> preset.getValue().contains(name(field)))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The number of layers and the list of layers are one key. */
    static String name(FieldDescriptor field) {
        return field.getNumber() == Model.LAYER_COUNT_FIELD_NUMBER
                ? "layers"
                : field.getName().replace('_', '-');
    }

    private static Map<String, List<String>> byPreset() {
        Map<String, List<String>> keys = new LinkedHashMap<>();
        keys.put(MLP, List.of("hidden"));
        keys.put(LENET, List.of());
        keys.put(LSTM, List.of("hidden", "layers"));
        keys.put(
                TRANSFORMER,
                List.of(
                        "layers",
                        "width",
                        "heads",
                        "context",
                        "vocabulary",
                        "feed-forward",
                        "dropout",
                        "activation",
                        "positions",
                        "norm",
                        "causal",
                        "tied",
                        "padding",
                        "sparse"));
        return keys;
    }
}
