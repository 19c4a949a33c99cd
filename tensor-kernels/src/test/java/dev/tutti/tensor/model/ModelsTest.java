package dev.tutti.tensor.model;

import static dev.tutti.tensor.graph.ElementType.F32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelsTest {
    private static final ModelSpec MNIST = ModelSpec.mlp(784, List.of(256, 64), 10);

    @Test
    void parametersAreLaidOutAsPyTorchsLinearLayersInForwardOrder() {
        assertThat(Models.training(MNIST, Objective.of(Task.CROSS_ENTROPY), 32, F32)
                        .parameters())
                .extracting(Parameter::name, Parameter::shape, Parameter::offset)
                .containsExactly(
                        tuple("dense-1.weight", Shape.of(256, 784), 0L),
                        tuple("dense-1.bias", Shape.of(256), 200_704L),
                        tuple("dense-2.weight", Shape.of(64, 256), 200_960L),
                        tuple("dense-2.bias", Shape.of(64), 217_344L),
                        tuple("dense-3.weight", Shape.of(10, 64), 217_408L),
                        tuple("dense-3.bias", Shape.of(10), 218_048L));
    }

    @Test
    void allGraphsOfAModelShareItsParameters() {
        List<Parameter> parameters = Models.training(MNIST, Objective.of(Task.CROSS_ENTROPY), 32, F32)
                .parameters();
        assertThat(Models.training(MNIST, Objective.of(Task.CROSS_ENTROPY), 1, ElementType.BF16)
                        .parameters())
                .isEqualTo(parameters);
        assertThat(Models.evaluation(MNIST, Objective.of(Task.MSE), 100, F32).parameters())
                .isEqualTo(parameters);
    }

    @Test
    void weightAndBiasAreDrawnWithinOneOverTheRootOfTheInputs() {
        assertThat(Models.training(MNIST, Objective.of(Task.CROSS_ENTROPY), 32, F32)
                        .parameters())
                .extracting(Parameter::initializer)
                .startsWith(new Initializer.Uniform((float) (1 / 28.0)), new Initializer.Uniform((float) (1 / 28.0)))
                .endsWith(new Initializer.Uniform(0.125f), new Initializer.Uniform(0.125f));
    }

    @Test
    void trainingReadsFeaturesLabelsAndScaleAndGivesTheLoss() {
        Graph graph = Models.training(MNIST, Objective.of(Task.CROSS_ENTROPY), 32, F32);
        assertThat(graph.inputs())
                .extracting(Tensor::toString)
                .containsExactly(
                        "features: f32[32, 784]",
                        "dropout-key: i32[6]",
                        "labels: i32[32]",
                        "gradient-scale: f32[1]",
                        "statistic-scale: f32[1]");
        assertThat(graph.outputs()).containsOnlyKeys("loss-sum");
        assertThat(graph.gradients()).hasSize(6);
    }

    @Test
    void evaluationGivesLogitsTooAndHasNoGradients() {
        Graph graph = Models.evaluation(MNIST, Objective.of(Task.MSE), 32, F32);
        assertThat(graph.inputs())
                .extracting(Tensor::toString)
                .containsExactly("features: f32[32, 784]", "labels: f32[32, 10]");
        assertThat(graph.outputs()).containsOnlyKeys("loss-sum", "logits");
        assertThat(graph.gradients()).isEmpty();
    }

    @Test
    void layerWithoutUnitsIsRefused() {
        assertThatThrownBy(() -> ModelSpec.mlp(784, List.of(128, 0), 10))
                .hasMessage("an mlp needs sizes of 1 or more, got hidden [128, 0], outputs 10");
    }
}
