package dev.tutti.tensor.lowering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.graph.Window;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LoweringTest {
    private static final ModelSpec MLP = ModelSpec.mlp(12, List.of(8, 6), 4);

    @Test
    void mixedPrecisionLetsOnlyProductsReadBf16AndKeepsGradientsF32() {
        Graph graph = Models.training(MLP, Objective.of(Task.CROSS_ENTROPY), 5, ElementType.BF16);
        for (Instruction instruction : graph.instructions()) {
            ElementType expected = instruction.op() instanceof MatrixOp.MatMul ? ElementType.BF16 : ElementType.F32;
            assertThat(instruction.op().operands().stream().filter(tensor -> tensor.type() != ElementType.I32))
                    .as("%s", instruction)
                    .allMatch(operand -> operand.type() == expected);
        }
        assertThat(graph.gradients()).allMatch(gradient -> gradient.type() == ElementType.F32);
    }

    @Test
    void mixedPrecisionCastsEachTensorOnce() {
        Graph graph = Models.training(MLP, Objective.of(Task.CROSS_ENTROPY), 5, ElementType.BF16);
        List<Tensor> cast = graph.instructions().stream()
                .filter(instruction -> instruction.op() instanceof ElementwiseOp.Cast)
                .flatMap(instruction -> instruction.op().operands().stream())
                .toList();
        assertThat(cast).doesNotHaveDuplicates();
    }

    @Test
    void mixedPrecisionCastsTheSameElementsInTheSameShapeOnce() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.F32, Shape.of(2, 3, 4));
        Tensor rows = builder.add("rows", new LayoutOp.Reshape(x, Shape.of(6, 4)));
        Tensor back = builder.add("back", new LayoutOp.Reshape(rows, Shape.of(2, 3, 4)));
        Tensor again = builder.add("again", new LayoutOp.Reshape(back, Shape.of(6, 4)));
        Tensor other = builder.add("other", new LayoutOp.Reshape(x, Shape.of(4, 6)));
        builder.output("square", builder.add("square", new MatrixOp.MatMul(rows, true, again, false)));
        builder.output("product", builder.add("product", new MatrixOp.MatMul(again, false, other, false)));
        assertThat(MixedPrecision.lower(builder.build(), ElementType.BF16).instructions())
                .filteredOn(instruction -> instruction.op() instanceof ElementwiseOp.Cast)
                .extracting(instruction -> instruction.result().name())
                .containsExactly("rows.bf16", "other.bf16");
    }

    @Test
    void mixedPrecisionInIntegersIsRefused() {
        assertThatThrownBy(() -> Models.training(MLP, Objective.of(Task.MSE), 5, ElementType.I32))
                .hasMessage("products compute in f32, bf16 or f16, not in i32");
    }

    @Test
    void fusionLeavesOneInstructionForEachLayerOfTheForwardPass() {
        assertThat(denseOps(Fusion.fuse(Models.evaluation(MLP, Objective.of(Task.CROSS_ENTROPY), 5, ElementType.F32))))
                .extracting(MatrixOp.Dense::activation, MatrixOp.Dense::type)
                .containsExactly(
                        tuple(Activation.RELU, ElementType.F32),
                        tuple(Activation.RELU, ElementType.F32),
                        tuple(Activation.IDENTITY, ElementType.F32));
    }

    @Test
    void fusionTakesTheCastOfAReluAlong() {
        Graph fused = Fusion.fuse(Models.training(MLP, Objective.of(Task.CROSS_ENTROPY), 5, ElementType.BF16));
        assertThat(denseOps(fused))
                .extracting(MatrixOp.Dense::type)
                .containsExactly(ElementType.BF16, ElementType.BF16, ElementType.F32);
        assertThat(fused.instructions())
                .noneMatch(instruction -> instruction.op() instanceof MatrixOp.AddBias
                        || instruction.op() instanceof ElementwiseOp.Activate)
                .filteredOn(instruction -> instruction.op() instanceof ElementwiseOp.ActivateGradient)
                .allMatch(instruction -> instruction.op().operands().get(1).type() == ElementType.BF16)
                .hasSize(2);
    }

    @Test
    void fusionTakesAReluInAnotherShapeAlong() {
        GraphBuilder builder = new GraphBuilder();
        Tensor relu = reshapedRelu(builder);
        Tensor rows = builder.add("rows", new LayoutOp.Reshape(relu, Shape.of(6, 5)));
        builder.output("cast", builder.add("cast", new ElementwiseOp.Cast(rows, ElementType.BF16)));
        builder.output(
                "gradient", builder.add("gradient", new ElementwiseOp.ActivateGradient(relu, relu, Activation.RELU)));
        assertThat(Fusion.fuse(builder.build()).instructions())
                .as("relu, which the gradient reads as more than a relu's output, stays f32")
                .extracting(instruction -> instruction.result().name())
                .containsExactly("sum", "relu", "rows", "cast", "gradient");

        GraphBuilder training = new GraphBuilder();
        Tensor output = reshapedRelu(training);
        Tensor gradient = training.input("gradient", ElementType.F32, Shape.of(2, 3, 5));
        Tensor outputRows = training.add("rows", new LayoutOp.Reshape(output, Shape.of(6, 5)));
        training.output("cast", training.add("cast", new ElementwiseOp.Cast(outputRows, ElementType.BF16)));
        training.output(
                "dx", training.add("dx", new ElementwiseOp.ActivateGradient(gradient, output, Activation.RELU)));
        assertThat(Fusion.fuse(training.build()).instructions())
                .extracting(Instruction::toString)
                .satisfiesExactly(
                        dense -> assertThat(dense).startsWith("cast: bf16[6, 5] = dense"),
                        reshape -> assertThat(reshape).startsWith("relu.bf16: bf16[2, 3, 5] = reshape"),
                        last -> assertThat(last).startsWith("dx: f32[2, 3, 5] = activate-gradient"));
    }

    @Test
    void fusionShowsAReluInAnotherShapeToThoseWhoReadIt() {
        GraphBuilder builder = new GraphBuilder();
        builder.output("relu", reshapedRelu(builder));
        assertThat(Fusion.fuse(builder.build()).instructions())
                .extracting(Instruction::toString)
                .satisfiesExactly(
                        dense -> assertThat(dense).startsWith("sum: f32[6, 5] = dense"),
                        reshape -> assertThat(reshape).startsWith("relu: f32[2, 3, 5] = reshape"));
    }

    private static Tensor reshapedRelu(GraphBuilder builder) {
        Tensor x = builder.input("x", ElementType.F32, Shape.of(6, 4));
        Tensor weight = builder.parameter("w", Shape.of(5, 4), new Initializer.Constant(1));
        Tensor bias = builder.parameter("b", Shape.of(5), new Initializer.Constant(1));
        Tensor product = builder.add("product", new MatrixOp.MatMul(x, false, weight, true));
        Tensor sum = builder.add("sum", new MatrixOp.AddBias(product, bias));
        Tensor shaped = builder.add("shaped", new LayoutOp.Reshape(sum, Shape.of(2, 3, 5)));
        return builder.add("relu", new ElementwiseOp.Activate(shaped, Activation.RELU));
    }

    @Test
    void fusionKeepsWhatOthersRead() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.F32, Shape.of(3, 4));
        Tensor weight = builder.parameter("w", Shape.of(5, 4), new Initializer.Constant(1));
        Tensor bias = builder.parameter("b", Shape.of(5), new Initializer.Constant(1));
        Tensor product = builder.add("product", new MatrixOp.MatMul(x, false, weight, true));
        Tensor sum = builder.add("sum", new MatrixOp.AddBias(product, bias));
        Tensor relu = builder.add("relu", new ElementwiseOp.Activate(sum, Activation.RELU));
        builder.output("both", builder.add("both", new ElementwiseOp.Add(sum, relu)));
        assertThat(Fusion.fuse(builder.build()).instructions())
                .extracting(instruction -> instruction.result().name())
                .containsExactly("sum", "relu", "both");

        builder.output("product", product);
        assertThat(Fusion.fuse(builder.build()).instructions())
                .extracting(instruction -> instruction.result().name())
                .containsExactly("product", "sum", "relu", "both");
    }

    @Test
    void poolFusionLeavesNothingBetweenConvolutionAndPooling() {
        assertThat(PoolFusion.fuse(lenet()).instructions())
                .extracting(Instruction::op)
                .noneMatch(op -> op instanceof ConvolutionOp.MaxPool
                        || op instanceof ConvolutionOp.MaxPoolGradient
                        || op instanceof ConvolutionOp.Conv2d)
                .filteredOn(
                        op -> op instanceof ConvolutionOp.Conv2dMaxPool || op instanceof ConvolutionOp.MaxPoolScatter)
                .hasSize(4);
    }

    @Test
    void poolFusionKeepsWhatOthersRead() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.F32, Shape.of(3, 1, 4, 4));
        Tensor weight = builder.parameter("w", Shape.of(2, 1, 3, 3), new Initializer.Constant(1));
        Tensor bias = builder.parameter("b", Shape.of(2), new Initializer.Constant(1));
        Window window = Window.square(3, 1, 1);
        Tensor conv =
                builder.add("conv", new ConvolutionOp.Conv2d(x, weight, bias, window, 1, ImageLayout.SAMPLES_FIRST));
        Tensor relu = builder.add("relu", new ElementwiseOp.Activate(conv, Activation.RELU));
        builder.output(
                "pool",
                builder.add(
                        "pool", new ConvolutionOp.MaxPool(relu, Window.square(2, 2, 0), ImageLayout.SAMPLES_FIRST)));
        builder.output("relu", relu);
        assertThat(PoolFusion.fuse(builder.build()).instructions())
                .extracting(instruction -> instruction.result().name())
                .containsExactly("conv", "relu", "pool");
    }

    @Test
    void samplesLastTransposesFeaturesInAndDenseLayersGradientsBack() {
        List<Op> ops = SamplesLast.lower(lenet()).instructions().stream()
                .map(Instruction::op)
                .toList();
        assertThat(ops)
                .filteredOn(ConvolutionOp.class::isInstance)
                .allMatch(op -> ((ConvolutionOp) op).layout() == ImageLayout.SAMPLES_LAST);
        assertThat(ops).filteredOn(LayoutOp.Transpose.class::isInstance).hasSize(3);
    }

    @Test
    void samplesLastLeavesGraphsWithoutImagesAsTheyAre() {
        Graph graph = Models.training(MLP, Objective.of(Task.CROSS_ENTROPY), 5, ElementType.BF16);
        assertThat(SamplesLast.lower(graph).instructions()).isEqualTo(graph.instructions());
    }

    private static Graph lenet() {
        ModelSpec lenet = new ModelSpec(new ModelInput.Numbers(List.of(28, 28)), Presets.lenet(10));
        return Models.training(lenet, Objective.of(Task.CROSS_ENTROPY), 5, ElementType.F32);
    }

    private static List<MatrixOp.Dense> denseOps(Graph graph) {
        return graph.instructions().stream()
                .flatMap(instruction ->
                        instruction.op() instanceof MatrixOp.Dense dense ? Stream.of(dense) : Stream.empty())
                .toList();
    }
}
