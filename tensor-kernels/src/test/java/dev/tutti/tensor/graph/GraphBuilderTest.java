package dev.tutti.tensor.graph;

import static dev.tutti.tensor.graph.ElementType.BF16;
import static dev.tutti.tensor.graph.ElementType.F32;
import static dev.tutti.tensor.graph.ElementType.I32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GraphBuilderTest {
    private final GraphBuilder builder = new GraphBuilder();
    private final Tensor x = builder.input("x", F32, Shape.of(32, 256));

    @Test
    void productOfUnequalInnerSizesNamesLayerAndBothShapes() {
        Tensor weight = builder.parameter("dense-2.weight", Shape.of(64, 255), new Initializer.Constant(0));
        assertThatThrownBy(() -> builder.add("dense-2.product", new MatrixOp.MatMul(x, false, weight, true)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dense-2.product: mat-mul(x, dense-2.weight, transpose-right) with [x: f32[32, 256],"
                        + " dense-2.weight: f32[64, 255]]: inner sizes 256 and 255 differ");
    }

    @Test
    void productTransposesAsItIsTold() {
        Tensor y = builder.input("y", F32, Shape.of(32, 5));
        assertThat(builder.add("z", new MatrixOp.MatMul(x, true, y, false)).shape())
                .isEqualTo(Shape.of(256, 5));
        assertThat(builder.add("z", new MatrixOp.MatMul(y, true, x, false)).shape())
                .isEqualTo(Shape.of(5, 256));
        assertThat(builder.add("z", new MatrixOp.MatMul(x, false, x, true)).shape())
                .isEqualTo(Shape.of(32, 32));
    }

    @Test
    void operandsOfDifferentTypesAreRefused() {
        Tensor y = builder.input("y", BF16, Shape.of(64, 256));
        assertThatThrownBy(() -> builder.add("z", new MatrixOp.MatMul(x, false, y, true)))
                .hasMessageEndingWith("expected y to be f32, got bf16");
    }

    @Test
    void labelsMustBeOneIntegerForEachRow() {
        Tensor few = builder.input("labels", I32, Shape.of(31));
        Tensor floats = builder.input("labels", F32, Shape.of(32));
        assertThatThrownBy(() -> builder.add("loss", new LossOp.CrossEntropy(x, few)))
                .hasMessage("loss: cross-entropy(x, labels, smoothing=0.0) with [x: f32[32, 256], labels: i32[31]]:"
                        + " expected labels to be [32], got [31]");
        assertThatThrownBy(() -> builder.add("loss", new LossOp.CrossEntropy(x, floats)))
                .hasMessageEndingWith("expected labels to be i32, got f32");
    }

    @Test
    void biasMustBeAsLongAsARow() {
        Tensor bias = builder.parameter("dense-1.bias", Shape.of(32), new Initializer.Constant(0));
        assertThatThrownBy(() -> builder.add("dense-1.sum", new MatrixOp.AddBias(x, bias)))
                .hasMessageEndingWith("expected dense-1.bias to have the last dimensions of [32, 256], got [32]");
    }

    @Test
    void parametersLieBackToBackInTheOrderTheyAreAdded() {
        builder.parameter("a", Shape.of(3, 5), new Initializer.Constant(0));
        builder.parameter("b", Shape.of(7), new Initializer.Constant(0));
        builder.parameter("c", Shape.of(2, 2), new Initializer.Constant(0));
        Graph graph = builder.build();
        assertThat(graph.parameters()).extracting(Parameter::offset).containsExactly(0L, 15L, 22L);
        assertThat(graph.parameterElements()).isEqualTo(26);
    }

    @Test
    void tensorOfAnotherGraphIsUnknown() {
        Tensor foreign = new GraphBuilder().input("foreign", F32, Shape.of(2, 2));
        assertThatThrownBy(() -> builder.add("y", new ElementwiseOp.Activate(foreign, Activation.RELU)))
                .hasMessage("y reads foreign before it is written");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 5})
    void groupsOfAConvolutionsGradientsAreCheckedBeforeTheyDivide(int groups) {
        Window window = Window.square(1, 1, 0);
        Tensor images = builder.input("images", F32, Shape.of(1, 4, 2, 2));
        Tensor weight = builder.input("weight", F32, Shape.of(4, 4, 1, 1));
        assertThatThrownBy(() -> builder.add(
                        "y",
                        new ConvolutionOp.Conv2dWeightGradient(
                                images, images, window, groups, ImageLayout.SAMPLES_FIRST)))
                .hasMessageEndingWith("expected groups to divide 4 input and 4 output channels, got " + groups);
        assertThatThrownBy(() -> builder.add(
                        "y",
                        new ConvolutionOp.Conv2dInputGradient(
                                images, weight, window, groups, 2, 2, ImageLayout.SAMPLES_FIRST)))
                .hasMessageEndingWith("expected groups to divide %d input and 4 output channels, got %d"
                        .formatted(4 * groups, groups));
    }

    @Test
    void weightOfAConvolutionsInputGradientHasFourDimensions() {
        Tensor images = builder.input("images", F32, Shape.of(1, 4, 2, 2));
        Tensor weight = builder.input("weight", F32, Shape.of(4));
        assertThatThrownBy(() -> builder.add(
                        "y",
                        new ConvolutionOp.Conv2dInputGradient(
                                images, weight, Window.square(1, 1, 0), 1, 2, 2, ImageLayout.SAMPLES_FIRST)))
                .hasMessageEndingWith("expected the weight to be [outputs, inputs, height, width], got [4]");
    }

    @Test
    void graphPrintsALineForEachInstruction() {
        Tensor weight = builder.parameter("w", Shape.of(4, 256), new Initializer.Constant(0));
        builder.output("y", builder.add("p", new MatrixOp.MatMul(x, false, weight, true)));
        assertThat(builder.build()).hasToString("""
            input x: f32[32, 256]
            parameter w: f32[4, 256] at 0
            p: f32[32, 4] = mat-mul(x, w, transpose-right)
            output y = p
            """);
    }

    @Test
    void shapeWithoutElementsIsRefused() {
        assertThatThrownBy(() -> Shape.of(3, 0)).hasMessage("a shape needs sizes of 1 or more, got [3, 0]");
    }
}
