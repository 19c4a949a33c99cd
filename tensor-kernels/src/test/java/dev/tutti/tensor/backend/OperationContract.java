package dev.tutti.tensor.backend;

import static dev.tutti.tensor.backend.Closeness.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.BFloat16;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Operations;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.TestAbortedException;

/** What every backend does with single operations: what the reference does. */
public abstract class OperationContract {
    static final double F32_TOLERANCE = 1e-5;
    static final double HALF_TOLERANCE = 1e-2;

    protected abstract Backend backend();

    /** Whether relu's gradient is 0 where the output is, whatever comes in; a product with 0 is not. */
    protected boolean selectsGradients() {
        return true;
    }

    @ParameterizedTest
    @MethodSource("dev.tutti.tensor.backend.OperationGraphs#all")
    void operationAgreesWithReference(OperationCase operation) {
        Graph graph = operation.graph();
        try (Execution expected = reference(graph);
                Execution actual = execution(graph)) {
            expected.draw(7, operation.classes()).run();
            actual.draw(7, operation.classes()).run();
            for (String output : graph.outputs().keySet()) {
                assertClose(
                        output + " of " + operation,
                        actual.output(output),
                        expected.output(output),
                        operation.tolerance());
            }
        }
    }

    @Test
    void everyOperationIsCompared() {
        assertThat(OperationGraphs.all()
                        .map(OperationCase::op)
                        .map(Object::getClass)
                        .distinct())
                .containsExactlyInAnyOrderElementsOf(Operations.all().toList());
    }

    @ParameterizedTest
    @MethodSource("dev.tutti.tensor.backend.OperationGraphs#inPlace")
    void operationInTheOperandsPlaceGivesTheSame(OperationCase operation) {
        try (Execution expected = execution(operation.keepingOperands());
                Execution actual = execution(operation.graph())) {
            expected.draw(7, operation.classes()).run();
            actual.draw(7, operation.classes()).run();
            for (String output : operation.graph().outputs().keySet()) {
                assertThat(actual.output(output))
                        .as("%s of %s", output, operation)
                        .containsExactly(expected.output(output));
            }
        }
    }

    @Test
    void everyOperationThatMayTakeAnOperandsPlaceDoesSo() {
        assertThat(OperationGraphs.inPlace()
                        .map(OperationCase::op)
                        .map(Object::getClass)
                        .distinct())
                .containsExactlyInAnyOrder(
                        ElementwiseOp.Add.class,
                        ElementwiseOp.Scale.class,
                        ElementwiseOp.Activate.class,
                        ElementwiseOp.ActivateGradient.class,
                        ElementwiseOp.Dropout.class,
                        MatrixOp.AddBias.class,
                        NormalizationOp.Softmax.class,
                        NormalizationOp.SoftmaxGradient.class,
                        NormalizationOp.LayerNormGradient.class,
                        SequenceOp.Lstm.class,
                        SequenceOp.LstmGradient.class);
    }

    @Test
    void castToBf16RoundsEveryElementToTheNearestEven() {
        int count = 4096;
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.F32, Shape.of(1, count));
        builder.output("y", builder.add("y", new ElementwiseOp.Cast(x, ElementType.BF16)));
        try (Execution execution = execution(builder.build())) {
            Values values = execution.input("x");
            float[] expected = new float[count];
            for (int i = 0; i < count; i++) {
                int tieOrNeighbour = 0x3f807fff + (i % 3) + ((i / 3) << 16);
                float value = Float.intBitsToFloat(i % 2 == 0 ? tieOrNeighbour : tieOrNeighbour | 0x80000000);
                values.set(i, value);
                expected[i] = BFloat16.toFloat(BFloat16.fromFloat(value));
            }
            assertThat(execution.run().output("y")).containsExactly(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, F32", "F32, BF16", "F32, F16", "BF16, BF16", "F16, F16"})
    void reluGradientIsTheGradientWhereTheOutputIsPositiveAndElseZero(ElementType type, ElementType saved) {
        float[] gradients = selectsGradients()
                ? new float[] {-2, 3, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN}
                : new float[] {-2, 3};
        float[] outputs = {
            0f,
            -0f,
            -1f,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            3f,
            Float.MAX_VALUE,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            Float.intBitsToFloat(0xffc00000)
        };
        int count = gradients.length * outputs.length;
        GraphBuilder builder = new GraphBuilder();
        Tensor gradient = builder.input("gradient", type, Shape.of(count));
        Tensor output = builder.input("output", saved, Shape.of(count));
        builder.output("y", builder.add("y", new ElementwiseOp.ActivateGradient(gradient, output, Activation.RELU)));
        Graph graph = builder.build();
        try (Execution expected = reference(graph);
                Execution actual = execution(graph)) {
            for (Execution execution : List.of(expected, actual)) {
                for (int i = 0; i < count; i++) {
                    execution.input("gradient").set(i, gradients[i % gradients.length]);
                    execution.input("output").set(i, outputs[i / gradients.length]);
                }
            }
            assertThat(withoutSignsOfZeros(actual.run().output("y")))
                    .containsExactly(expected.run().output("y"));
        }
    }

    private static float[] withoutSignsOfZeros(float[] values) {
        float[] result = values.clone();
        for (int i = 0; i < result.length; i++) {
            result[i] += 0f;
        }
        return result;
    }

    /** In f32 the score of such a key is infinite. */
    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "BF16"})
    void queriesThatDoNotSeeAHugeKeyAreNotTouchedByIt(ElementType type) {
        int time = 70;
        int heads = 2;
        int width = heads * 4;
        GraphBuilder builder = new GraphBuilder();
        Tensor qkv = builder.input("qkv", type, Shape.of(1, time, 3 * width));
        Tensor gradient = builder.input("gradient", type, Shape.of(1, time, width));
        List<Tensor> results = builder.addAll("y", new SequenceOp.Attention(qkv, Optional.empty(), heads, true));
        builder.output("y", results.getFirst());
        builder.output(
                "dqkv",
                builder.add(
                        "dqkv",
                        new SequenceOp.AttentionGradient(
                                gradient,
                                qkv,
                                results.get(0),
                                results.get(1),
                                Optional.empty(),
                                heads,
                                true,
                                ElementType.F32)));
        Graph graph = builder.build();
        try (Execution expected = reference(graph);
                Execution actual = execution(graph)) {
            for (Execution execution : List.of(expected, actual)) {
                execution.draw(7, 1);
                for (int i = 0; i < width; i++) {
                    int last = (time - 1) * 3 * width + i;
                    execution.input("qkv").set(last, 0);
                    execution.input("qkv").set(last + width, 3e38);
                    execution.input("gradient").set((time - 1) * width + i, 0);
                    for (int t = 0; t < time - 1; t++) {
                        execution.input("qkv").set(t * 3 * width + i, t % 2 == 0 ? 2 : -2);
                    }
                }
                execution.run();
            }
            for (String output : graph.outputs().keySet()) {
                assertClose(output, actual.output(output), expected.output(output), tolerance(type));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, Infinity", "BF16, Infinity", "F32, NaN", "BF16, NaN"})
    void queriesThatDoNotSeeAKeyThatIsNotFiniteAreNotTouchedByIt(ElementType type, float key) {
        int time = 70;
        int width = 8;
        GraphBuilder builder = new GraphBuilder();
        Tensor qkv = builder.input("qkv", type, Shape.of(1, time, 3 * width));
        Tensor y = builder.addAll("y", new SequenceOp.Attention(qkv, Optional.empty(), 2, true))
                .getFirst();
        builder.output("y", y);
        Graph graph = builder.build();
        try (Execution expected = reference(graph);
                Execution actual = execution(graph)) {
            for (Execution execution : List.of(expected, actual)) {
                execution.draw(7, 1);
                for (int i = 0; i < width; i++) {
                    execution.input("qkv").set((time - 1) * 3 * width + width + i, key);
                }
                execution.run();
            }
            int others = (time - 1) * width;
            assertClose(
                    "y but of the last query",
                    Arrays.copyOf(actual.output("y"), others),
                    Arrays.copyOf(expected.output("y"), others),
                    tolerance(type));
        }
    }

    /** What the backend has no kernel for, it says; that is all that is asked of it then. */
    final Execution execution(Graph graph) {
        try {
            return new Execution(backend(), graph);
        } catch (UnsupportedOperationException e) {
            assertThat(e).hasMessageContaining(backend().name());
            throw new TestAbortedException(e.getMessage(), e);
        }
    }

    static Execution reference(Graph graph) {
        return new Execution(Backends.select("reference", 1), graph);
    }

    static double tolerance(ElementType type) {
        return switch (type) {
            case F32, I32 -> F32_TOLERANCE;
            case BF16, F16 -> HALF_TOLERANCE;
        };
    }
}
