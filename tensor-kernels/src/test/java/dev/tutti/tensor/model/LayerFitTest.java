package dev.tutti.tensor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Window;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What is said of a layer that does not fit: the layer, what it expected, and what comes in; nothing of how it is computed. */
class LayerFitTest {
    private static final ModelInput IMAGES = new ModelInput.Numbers(List.of(28, 28));
    private static final ModelInput TOKENS = new ModelInput.Tokens(8, OptionalInt.empty());
    private static final Layer FLATTEN = new Layer.Flatten();
    private static final Layer RELU = new Layer.Activate(Activation.RELU);

    @Test
    void windowsDoNotFit() {
        assertMisfit(
                List.of(new Layer.Conv2d(2, Window.square(40, 1, 0), 1)),
                "conv2d-1: a window of 40x40 does not fit into images of 28x28 with padding 0x0; its input is [28, 28]"
                        + " for each sample");
        assertMisfit(
                List.of(FLATTEN, new Layer.Conv2d(2, Window.square(3, 1, 0), 1)),
                "conv2d-1: expected images, [channels, height, width] or [height, width]; its input is [784] for each"
                        + " sample");
        assertMisfit(
                List.of(new Layer.MaxPool(Window.square(2, 2, 2))),
                "max-pool-1: expected a padding of at most half of the window of 2x2, got 2x2; its input is [28, 28]"
                        + " for each sample");
        assertMisfit(
                List.of(new Layer.Conv2d(6, Window.square(3, 1, 0), 1), new Layer.Conv2d(6, Window.square(3, 1, 0), 4)),
                "conv2d-2: expected groups to divide 6 channels and 6 filters, got 4; its input is [6, 26, 26] for"
                        + " each sample");
    }

    @Test
    void sizesDoNotFit() {
        assertMisfit(
                List.of(new Layer.Reshape(List.of(4, 7))),
                "reshape-1: expected a shape of 784 numbers, got [4, 7], which has 28; its input is [28, 28] for each"
                        + " sample");
        assertMisfit(
                List.of(FLATTEN, new Layer.Residual(List.of(new Layer.Dense(10)))),
                "residual-1: expected its layers to keep the sizes of what comes in, got [10]; its input is [784] for"
                        + " each sample");
        assertMisfit(
                List.of(new Layer.Concat(List.of(List.of(RELU), List.of(FLATTEN)))),
                "concat-1: expected branches that give the same sizes but for the last one, got [28, 28] and [784];"
                        + " its input is [28, 28] for each sample");
        assertMisfit(
                List.of(new Layer.BatchNorm(1e-5f)),
                "batch-norm-1: expected [channels] or [channels, height, width]; of images without channels, reshape:"
                        + " [1, 28, 28] before it makes such with one; its input is [28, 28] for each sample");
    }

    @Test
    void sequencesDoNotFit() {
        assertMisfit(
                List.of(new Layer.Attention(3, false)),
                "attention-1: expected heads to divide the width 28, got 3; its input is [28, 28] for each sample");
        assertMisfit(
                List.of(FLATTEN, new Layer.Lstm(8, false)),
                "lstm-1: expected [time, width]; its input is [784] for each sample");
        assertMisfit(
                List.of(new Layer.Embedding(10, 4, 1)),
                "embedding-1: expected tokens, got numbers; its input is [28, 28] for each sample");
        assertMisfit(
                List.of(new Layer.TiedDense()),
                "tied-dense-1: expected an embedding before it, whose table it shares; its input is [28, 28] for each"
                        + " sample");
        assertThat(misfit(TOKENS, List.of(new Layer.Embedding(10, 4, 1), new Layer.Dense(5), new Layer.TiedDense())))
                .hasMessage(
                        "tied-dense-1: expected vectors as wide as those of the embedding, whose table it shares: 4,"
                                + " got 5; its input is [8, 5] for each sample");
        assertThat(misfit(TOKENS, List.of(new Layer.Dense(5))))
                .hasMessage(
                        "dense-1: expected numbers, got tokens, of which an embedding makes vectors; its input is [8],"
                                + " of tokens, for each sample");
    }

    @Test
    void thePlaceIsThatInTheLists() {
        Layer wrong = new Layer.Reshape(List.of(3));
        assertThat(misfit(IMAGES, List.of(RELU, wrong)).place()).containsExactly(1);
        assertThat(misfit(IMAGES, List.of(new Layer.Residual(List.of(RELU, RELU, wrong))))
                        .place())
                .containsExactly(0, 2);
        LayerException inBranch =
                misfit(IMAGES, List.of(RELU, new Layer.Concat(List.of(List.of(RELU), List.of(RELU, wrong)))));
        assertThat(inBranch.place()).containsExactly(1, 1, 1);
        assertThat(inBranch.layer()).isEqualTo("reshape-1");
    }

    private static void assertMisfit(List<Layer> layers, String message) {
        assertThat(misfit(IMAGES, layers)).hasMessage(message);
    }

    private static LayerException misfit(ModelInput input, List<Layer> layers) {
        return catchThrowableOfType(
                LayerException.class,
                () -> Models.evaluation(
                        new ModelSpec(input, layers), Objective.of(Task.CROSS_ENTROPY), 2, ElementType.F32));
    }
}
