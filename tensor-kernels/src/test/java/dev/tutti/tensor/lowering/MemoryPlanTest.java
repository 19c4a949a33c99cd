package dev.tutti.tensor.lowering;

import static dev.tutti.tensor.graph.ElementType.F32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.model.Layer;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MemoryPlanTest {
    private static final ModelSpec MLP = ModelSpec.mlp(33, List.of(65, 31, 17), 10);

    @Test
    void chainOfProductsNeedsTwoPlacesBesidesItsInput() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", F32, Shape.of(16, 16));
        for (int i = 0; i < 10; i++) {
            x = builder.add("product-" + i, new MatrixOp.MatMul(x, false, x, false));
        }
        builder.output("y", x);
        assertThat(MemoryPlan.of(builder.build()).byteSize()).isEqualTo(3 * x.byteSize());
    }

    @Test
    void chainOfElementwiseOperationsNeedsOnePlaceBesidesItsInput() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", F32, Shape.of(4, 16));
        for (int i = 0; i < 10; i++) {
            x = builder.add("relu-" + i, new ElementwiseOp.Activate(x, Activation.RELU));
        }
        builder.output("y", x);
        assertThat(MemoryPlan.of(builder.build()).byteSize()).isEqualTo(2 * x.byteSize());
    }

    @Test
    void gatesLieWhereTheirSumsLay() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", F32, Shape.of(2, 3, 16));
        Tensor weight = builder.input("weight", F32, Shape.of(16, 4));
        Tensor sums = builder.add("sums", new ElementwiseOp.Activate(x, Activation.RELU));
        List<Tensor> results = builder.addAll("lstm", new SequenceOp.Lstm(sums, weight));
        builder.output("y", results.getFirst());
        MemoryPlan plan = MemoryPlan.of(builder.build());
        assertThat(plan.root(results.get(1))).isEqualTo(sums);
        assertThat(plan.root(results.get(0))).isEqualTo(results.get(0));
    }

    @Test
    void operandThatIsReadAgainIsNotOverwritten() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", F32, Shape.of(16));
        Tensor once = builder.add("once", new ElementwiseOp.Activate(x, Activation.RELU));
        Tensor shape = builder.add("shape", new LayoutOp.Reshape(once, Shape.of(4, 4)));
        Tensor twice = builder.add("twice", new ElementwiseOp.Activate(once, Activation.RELU));
        Tensor flat = builder.add("flat", new LayoutOp.Reshape(shape, Shape.of(16)));
        builder.output("y", builder.add("sum", new ElementwiseOp.Add(twice, flat)));
        MemoryPlan plan = MemoryPlan.of(builder.build());
        assertThat(plan.offset(shape)).isEqualTo(plan.offset(once));
        assertThat(plan.offset(twice)).isNotEqualTo(plan.offset(once));
        assertThat(plan.root(builder.build().output("y"))).isEqualTo(twice);
    }

    @Test
    void deadTensorsBytesAreUsedAgain() {
        Graph graph = training(ElementType.F32);
        MemoryPlan plan = MemoryPlan.of(graph);
        long sum = tensors(graph).stream()
                .filter(plan::contains)
                .mapToLong(Tensor::byteSize)
                .sum();
        assertThat(plan.byteSize()).isLessThan(sum * 7 / 10);
    }

    static Stream<Arguments> trainings() {
        List<ModelSpec> models = List.of(
                MLP,
                new ModelSpec(new ModelInput.Numbers(List.of(16, 16)), Presets.lenet(10)),
                new ModelSpec(new ModelInput.Numbers(List.of(4, 5)), Presets.lstm(8, 2, 10)),
                new ModelSpec(new ModelInput.Tokens(8, OptionalInt.empty()), transformer()));
        return models.stream()
                .flatMap(model -> Stream.of(ElementType.F32, ElementType.BF16, ElementType.F16)
                        .map(type -> Arguments.of(
                                Lowering.lower(Models.training(model, Objective.of(Task.CROSS_ENTROPY), 3, type)))));
    }

    private static List<Layer> transformer() {
        return new Presets.Transformer(
                        10, 16, 2, 2, 32, 0.1f, Layer.Positions.Encoding.LEARNED, Activation.RELU, true, true, true)
                .layers(10, true);
    }

    @ParameterizedTest
    @MethodSource("trainings")
    void nothingIsOverwrittenBeforeItsLastRead(Graph graph) {
        MemoryPlan plan = MemoryPlan.of(graph);
        Map<Tensor, long[]> written = new HashMap<>();
        graph.inputs().forEach(input -> written.put(input, range(plan, input)));
        for (Instruction instruction : graph.instructions()) {
            List<Tensor> operands =
                    instruction.op().operands().stream().filter(plan::contains).toList();
            List<Tensor> results =
                    instruction.results().stream().filter(plan::contains).toList();
            for (Tensor operand : operands) {
                assertThat(written).as("%s reads %s", instruction, operand).containsKey(operand);
            }
            for (Tensor result : results) {
                Stream.concat(operands.stream(), results.stream())
                        .filter(other -> !plan.root(other).equals(plan.root(result)))
                        .forEach(other -> assertThat(overlap(range(plan, result), range(plan, other)))
                                .as("%s of %s lies where %s lies", result, instruction, other)
                                .isFalse());
            }
            if (!(instruction.op() instanceof LayoutOp.Reshape)) {
                written.values()
                        .removeIf(other -> results.stream().anyMatch(result -> overlap(range(plan, result), other)));
            }
            results.forEach(result -> written.put(result, range(plan, result)));
        }
        assertThat(written)
                .containsKeys(
                        graph.outputs().values().stream().filter(plan::contains).toArray(Tensor[]::new));
        assertThat(written).containsKeys(graph.inputs().toArray(Tensor[]::new));
    }

    @Test
    void offsetsAreMultiplesOf64() {
        Graph graph = training(ElementType.BF16);
        MemoryPlan plan = MemoryPlan.of(graph);
        assertThat(tensors(graph).stream().filter(plan::contains).map(plan::offset))
                .allMatch(offset -> offset % 64 == 0);
    }

    @Test
    void parametersAndTheirGradientsLieElsewhere() {
        Graph graph = training(ElementType.F32);
        MemoryPlan plan = MemoryPlan.of(graph);
        assertThat(graph.parameterTensors()).noneMatch(plan::contains);
        assertThat(graph.gradients()).noneMatch(plan::contains);
        assertThatThrownBy(() -> plan.offset(graph.parameterTensors().getFirst()))
                .hasMessage("dense-1.weight: f32[65, 33] has no place in this plan");
    }

    private static Graph training(ElementType compute) {
        return Lowering.lower(Models.training(MLP, Objective.of(Task.CROSS_ENTROPY), 13, compute));
    }

    private static List<Tensor> tensors(Graph graph) {
        return new ArrayList<>(Stream.concat(
                        graph.inputs().stream(),
                        graph.instructions().stream().flatMap(instruction -> instruction.results().stream()))
                .toList());
    }

    private static long[] range(MemoryPlan plan, Tensor tensor) {
        return new long[] {plan.offset(tensor), plan.offset(tensor) + tensor.byteSize()};
    }

    private static boolean overlap(long[] a, long[] b) {
        return a[0] < b[1] && b[0] < a[1];
    }
}
