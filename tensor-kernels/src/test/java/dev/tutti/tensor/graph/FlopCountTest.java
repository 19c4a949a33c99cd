package dev.tutti.tensor.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.model.Layer;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class FlopCountTest {
    @Test
    void lenetsForwardPassIsTheSumOfItsLayers() {
        long conv1 = 2L * 28 * 28 * 6 * 25;
        long conv2 = 2L * 10 * 10 * 16 * 150;
        long dense = 2L * (400 * 120 + 120 * 84 + 84 * 10);
        assertThat(forward(images(28, 28), Presets.lenet(10), 64)).isEqualTo(64 * (conv1 + conv2 + dense));
    }

    @Test
    void backwardPassCostsTwiceTheForwardPassButForTheFirstLayersInput() {
        ModelSpec lenet = new ModelSpec(images(28, 28), Presets.lenet(10));
        long conv1 = 2L * 28 * 28 * 6 * 25;
        long forward = forward(lenet.input(), lenet.layers(), 3);
        assertThat(training(lenet, 3)).isEqualTo(3 * forward - 3 * conv1);
    }

    @Test
    void recurrentLayersMultiplyInputAndStateAtEveryTime() {
        long layer1 = 28L * 2 * 4 * 256 * (28 + 256);
        long layer2 = 28L * 2 * 4 * 256 * (256 + 256);
        assertThat(forward(images(28, 28), Presets.lstm(256, 2, 10), 64))
                .isEqualTo(64 * (layer1 + layer2 + 2L * 256 * 10));
    }

    @Test
    void causalAttentionSeesHalfOfThePairs() {
        ModelInput tokens = new ModelInput.Tokens(7, OptionalInt.empty());
        long full = forward(tokens, attention(false), 5);
        long causal = forward(tokens, attention(true), 5);
        assertThat(full - causal).isEqualTo(5 * 2 * 2L * 8 * (49 - 28));
    }

    private static List<Layer> attention(boolean causal) {
        return List.of(new Layer.Embedding(11, 8, 1), new Layer.Attention(2, causal), new Layer.Dense(11));
    }

    private static ModelInput images(int height, int width) {
        return new ModelInput.Numbers(List.of(height, width));
    }

    private static long forward(ModelInput input, List<Layer> layers, int samples) {
        return FlopCount.of(Models.evaluation(
                new ModelSpec(input, layers), Objective.of(Task.CROSS_ENTROPY), samples, ElementType.F32));
    }

    private static long training(ModelSpec spec, int samples) {
        return FlopCount.of(Models.training(spec, Objective.of(Task.CROSS_ENTROPY), samples, ElementType.BF16));
    }
}
