package dev.tutti.tensor.model;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;

/** The layers {@code dense-1}, {@code dense-2}, … of a multi-layer perceptron. */
final class MlpLayers {
    private MlpLayers() {}

    static Tensor forward(GraphBuilder builder, ModelSpec.Mlp mlp, Tensor features) {
        List<Integer> sizes = mlp.sizes();
        int layers = sizes.size() - 1;
        Tensor x = features;
        for (int layer = 1; layer <= layers; layer++) {
            String name = "dense-" + layer;
            x = Dense.forward(builder, name, x, sizes.get(layer));
            if (layer < layers) {
                x = builder.add(name + ".relu", new ElementwiseOp.Activate(x, Activation.RELU));
            }
        }
        return x;
    }
}
