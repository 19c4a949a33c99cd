package dev.tutti.worker.training;

import dev.tutti.proto.v1.Layer;
import dev.tutti.proto.v1.Model;
import dev.tutti.tensor.model.LayerException;
import java.util.List;

/** Where a layer of the kernels stands in the job file, which has several of them as one: a stack of LSTMs, or a preset. */
final class LayerPlace {
    private LayerPlace() {}

    /** {@code model.layers[2].residual[0] (dense)}, or {@code model.preset: layer 4 of lenet (conv2d-2)}, the name its parameters have. */
    static String of(Model model, LayerException e) {
        return model.getPreset().isEmpty()
                ? "%s (%s)"
                        .formatted(
                                inList("model.layers", model.getLayersList(), e.place()),
                                e.layer().replaceFirst("-\\d+$", ""))
                : "model.preset: layer %d of %s (%s)".formatted(e.place().getFirst() + 1, model.getPreset(), e.layer());
    }

    private static String inList(String path, List<Layer> layers, List<Integer> place) {
        int before = place.getFirst();
        int index = 0;
        while (before >= width(layers.get(index))) {
            before -= width(layers.get(index++));
        }
        String here = path + "[" + index + "]";
        Layer layer = layers.get(index);
        if (place.size() > 1 && layer.hasResidual()) {
            return inList(here + ".residual", layer.getResidual().getLayersList(), place.subList(1, place.size()));
        }
        if (place.size() > 2 && layer.hasConcat()) {
            return inList(
                    here + ".concat[" + place.get(1) + "]",
                    layer.getConcat().getBranches(place.get(1)).getLayersList(),
                    place.subList(2, place.size()));
        }
        return here;
    }

    /** As how many layers the kernels have it. */
    private static int width(Layer layer) {
        return layer.hasLstm() ? layer.getLstm().getLayers() : 1;
    }
}
