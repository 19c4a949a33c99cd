package dev.tutti.tensor.lowering;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LstmLoweringTest {
    private static final ModelSpec MODEL = new ModelSpec(new ModelInput.Numbers(List.of(4, 5)), Presets.lstm(8, 3, 10));

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "BF16", "F16"})
    void onlyFeaturesAreTransposed(ElementType type) {
        assertThat(lowered(type))
                .filteredOn(instruction -> instruction.op() instanceof LayoutOp.Transpose)
                .extracting(instruction -> instruction.result().name())
                .containsExactly("lstm-1.time-first");
    }

    @Test
    void transposeThatIsAnOutputIsKept() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.F32, Shape.of(2, 3));
        Tensor there = builder.add("there", new LayoutOp.Transpose(x, List.of(1, 0)));
        builder.output("back", builder.add("back", new LayoutOp.Transpose(there, List.of(1, 0))));
        Graph graph = builder.build();
        assertThat(Transposes.cancel(graph).instructions()).isEqualTo(graph.instructions());
    }

    @Test
    void otherTransposeIsKept() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.F32, Shape.of(2, 3, 4));
        Tensor once = builder.add("once", new LayoutOp.Transpose(x, List.of(1, 2, 0)));
        Tensor twice = builder.add("twice", new LayoutOp.Transpose(once, List.of(1, 2, 0)));
        builder.output("y", builder.add("y", new LayoutOp.Reshape(twice, Shape.of(24))));
        Graph graph = builder.build();
        assertThat(Transposes.cancel(graph).instructions()).isEqualTo(graph.instructions());
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "BF16", "F16"})
    void everyLstmTakesTheDenseLayerBeforeItAlongAndRoundsItsStatesToBf16(ElementType type) {
        assertThat(lowered(type))
                .noneMatch(instruction -> instruction.op() instanceof SequenceOp.Lstm)
                .filteredOn(instruction -> instruction.op() instanceof SequenceOp.DenseLstm)
                .hasSize(3)
                .allMatch(instruction ->
                        instruction.result().type() == (type == ElementType.BF16 ? type : ElementType.F32));
    }

    @Test
    void gradientOfAnLstmIsRoundedAsItIsWritten() {
        List<Instruction> instructions = lowered(ElementType.BF16);
        assertThat(instructions)
                .filteredOn(instruction -> instruction.op() instanceof SequenceOp.LstmGradient)
                .hasSize(3)
                .allMatch(instruction -> instruction.result().type() == ElementType.BF16);
        assertThat(instructions)
                .filteredOn(instruction -> instruction.op() instanceof ElementwiseOp.Cast)
                .as("casts of sequences: the features alone")
                .filteredOn(instruction -> instruction.result().shape().size(0) == 3 * 4)
                .hasSize(1);
    }

    @Test
    void gatesThatAreAnOutputKeepTheirLstm() {
        GraphBuilder builder = new GraphBuilder();
        Tensor projected = builder.input("projected", ElementType.F32, Shape.of(2, 3, 16));
        Tensor weight = builder.input("weight", ElementType.F32, Shape.of(16, 4));
        List<Tensor> results = builder.addAll("lstm", new SequenceOp.Lstm(projected, weight));
        builder.output("gates", results.get(1));
        builder.output("states", results.get(0));
        Graph graph = builder.build();
        assertThat(Lowering.lower(graph).instructions()).isEqualTo(graph.instructions());
    }

    private static List<Instruction> lowered(ElementType type) {
        return Lowering.lower(Models.training(MODEL, Objective.of(Task.CROSS_ENTROPY), 3, type))
                .instructions();
    }
}
