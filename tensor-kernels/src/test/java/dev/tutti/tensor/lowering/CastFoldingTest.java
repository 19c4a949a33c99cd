package dev.tutti.tensor.lowering;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CastFoldingTest {
    private static final ModelSpec MLP = ModelSpec.mlp(12, List.of(8, 6), 4);

    private final GraphBuilder builder = new GraphBuilder();
    private final Tensor x = builder.input("x", ElementType.F32, Shape.of(6, 6));
    private final Tensor product = builder.add("product", new MatrixOp.MatMul(x, false, x, true));

    @Test
    void roundsTheGradientThatFlowsThroughARelu() {
        Graph graph = Models.training(MLP, Objective.of(Task.CROSS_ENTROPY), 5, ElementType.BF16);
        Graph folded = CastFolding.fold(Fusion.fuse(graph));
        assertThat(folded.instructions())
                .filteredOn(instruction -> instruction.op() instanceof ElementwiseOp.ActivateGradient)
                .isNotEmpty()
                .allMatch(instruction -> instruction.result().type() == ElementType.BF16);
        assertThat(folded.instructions()).anyMatch(instruction -> instruction.op() instanceof MatrixOp.RoundedMatMul);
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"BF16", "F16"})
    void productRoundsItsResultItself(ElementType type) {
        showSquare("square", cast(product, type));
        assertThat(folded())
                .satisfiesExactly(
                        first -> assertThat(first.op()).isEqualTo(new MatrixOp.RoundedMatMul(x, false, x, true, type)),
                        square -> assertThat(square.op().operands()).allMatch(operand -> operand.type() == type));
    }

    @Test
    void denseRoundsItsResultItself() {
        Tensor weight = builder.parameter("w", Shape.of(5, 6), new Initializer.Constant(1));
        Tensor bias = builder.parameter("b", Shape.of(5), new Initializer.Constant(1));
        Tensor dense = builder.add("dense", new MatrixOp.Dense(x, weight, bias, Activation.IDENTITY, ElementType.F32));
        showSquare("square", cast(dense, ElementType.F16));
        assertThat(folded())
                .extracting(Instruction::op)
                .contains(new MatrixOp.Dense(x, weight, bias, Activation.IDENTITY, ElementType.F16))
                .noneMatch(ElementwiseOp.Cast.class::isInstance);
    }

    @Test
    void castOfAnotherShapeIsFolded() {
        Tensor flat = builder.add("flat", new LayoutOp.Reshape(product, Shape.of(4, 9)));
        showSquare("square", cast(flat, ElementType.BF16));
        assertThat(folded())
                .extracting(Instruction::toString)
                .satisfiesExactly(
                        first -> assertThat(first).startsWith("product.rounded: bf16[6, 6] = rounded-mat-mul"),
                        shape -> assertThat(shape).startsWith("flat.rounded: bf16[4, 9] = reshape"),
                        square -> assertThat(square).startsWith("square: f32[4, 4] = mat-mul"));
    }

    @Test
    void whatOthersReadIsKept() {
        showSquare("square", cast(product, ElementType.BF16));
        builder.output("sum", builder.add("sum", new ElementwiseOp.Add(product, x)));
        assertNothingIsFolded();
    }

    @Test
    void whatIsCastToTwoTypesIsKept() {
        showSquare("square", cast(product, ElementType.BF16));
        showSquare("other", cast(product, ElementType.F16));
        assertNothingIsFolded();
    }

    @Test
    void outputIsKept() {
        showSquare("square", cast(product, ElementType.BF16));
        builder.output("product", product);
        assertNothingIsFolded();
    }

    @Test
    void castThatIsAnOutputIsKept() {
        builder.output("cast", cast(product, ElementType.BF16));
        assertNothingIsFolded();
    }

    @Test
    void gradientIsKept() {
        Tensor weight = builder.parameter("w", Shape.of(6, 6), new Initializer.Constant(1));
        showSquare("square", cast(product, ElementType.BF16));
        builder.gradient(weight, product);
        assertNothingIsFolded();
    }

    @Test
    void sumsOfBf16ReadRoundedNumbers() {
        showSquare("square", cast(product, ElementType.BF16));
        builder.output("sum", builder.add("sum", new MatrixOp.ColumnSum(product, Shape.of(6))));
        assertThat(folded())
                .filteredOn(instruction -> instruction.op() instanceof MatrixOp.ColumnSum)
                .allMatch(instruction -> instruction.op().operands().getFirst().type() == ElementType.BF16)
                .hasSize(1);
    }

    @Test
    void sumsOfF16ReadWhatHasNotBeenRounded() {
        showSquare("square", cast(product, ElementType.F16));
        builder.output("sum", builder.add("sum", new MatrixOp.ColumnSum(product, Shape.of(6))));
        assertNothingIsFolded();
    }

    private Tensor cast(Tensor tensor, ElementType type) {
        return builder.add(tensor.name() + "." + type, new ElementwiseOp.Cast(tensor, type));
    }

    private void showSquare(String name, Tensor factor) {
        builder.output(name, builder.add(name, new MatrixOp.MatMul(factor, false, factor, true)));
    }

    private List<Instruction> folded() {
        return CastFolding.fold(builder.build()).instructions();
    }

    private void assertNothingIsFolded() {
        assertThat(folded()).isEqualTo(builder.build().instructions());
    }
}
