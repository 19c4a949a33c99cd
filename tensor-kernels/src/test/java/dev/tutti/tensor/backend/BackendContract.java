package dev.tutti.tensor.backend;

import static dev.tutti.tensor.backend.Closeness.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Window;
import dev.tutti.tensor.model.Layer;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What every backend does, with single operations and with models; a backend's test is a subclass that says which. */
public abstract class BackendContract extends OperationContract {
    private static final int CLASSES = 7;
    private static final ModelSpec MODEL = ModelSpec.mlp(23, List.of(37, 18), CLASSES);

    /** Every kind of layer over images. */
    protected static final ModelSpec IMAGES = new ModelSpec(
            new ModelInput.Numbers(List.of(13, 14)),
            List.of(
                    new Layer.Conv2d(4, Window.square(3, 1, 1), 1),
                    new Layer.Activate(Activation.RELU),
                    new Layer.MaxPool(Window.square(2, 2, 0)),
                    new Layer.Conv2d(6, new Window(3, 2, 1, 1, 1, 0), 2),
                    new Layer.Activate(Activation.RELU),
                    new Layer.BatchNorm(1e-5f),
                    new Layer.Dropout(0.25f),
                    new Layer.MaxPool(Window.square(3, 1, 1)),
                    new Layer.Residual(List.of(new Layer.Conv2d(6, Window.square(3, 1, 1), 1))),
                    new Layer.AveragePool(Window.square(2, 2, 1)),
                    new Layer.Conv2d(5, Window.square(2, 2, 0), 1),
                    new Layer.Flatten(),
                    new Layer.Activate(Activation.RELU),
                    new Layer.BatchNorm(1e-5f),
                    new Layer.Dense(CLASSES)));

    /** Whether a run keeps to the memory it was given when it was compiled. */
    protected boolean allocatesNothing() {
        return true;
    }

    @ParameterizedTest
    @CsvSource({
        "CROSS_ENTROPY, 1, F32", "CROSS_ENTROPY, 5, F32", "CROSS_ENTROPY, 128, F32", "MSE, 1, F32", "MSE, 13, F32",
        "CROSS_ENTROPY, 1, BF16", "CROSS_ENTROPY, 5, BF16", "CROSS_ENTROPY, 128, BF16", "MSE, 1, BF16", "MSE, 13, BF16",
        "CROSS_ENTROPY, 5, F16", "CROSS_ENTROPY, 128, F16", "MSE, 1, F16", "MSE, 13, F16"
    })
    void trainingStepAgreesWithReference(Task task, int rows, ElementType compute) {
        Graph graph = Models.training(MODEL, Objective.of(task), rows, compute);
        double tolerance = tolerance(compute);
        try (Execution expected = reference(graph);
                Execution actual = execution(graph)) {
            expected.draw(11, CLASSES).run();
            actual.draw(11, CLASSES).run();
            assertClose("loss", actual.output(Models.LOSS_SUM), expected.output(Models.LOSS_SUM), tolerance);
            for (int i = 0; i < graph.parameters().size(); i++) {
                String name = graph.parameters().get(i).name();
                assertClose(name + " gradient", actual.gradient(i), expected.gradient(i), tolerance);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "BF16", "F16"})
    void evaluationAgreesWithReference(ElementType compute) {
        Graph graph = Models.evaluation(MODEL, Objective.of(Task.CROSS_ENTROPY), 9, compute);
        double tolerance = tolerance(compute);
        try (Execution expected = reference(graph);
                Execution actual = execution(graph)) {
            expected.draw(3, CLASSES).run();
            actual.draw(3, CLASSES).run();
            assertClose("logits", actual.output(Models.LOGITS), expected.output(Models.LOGITS), tolerance);
            assertClose("loss", actual.output(Models.LOSS_SUM), expected.output(Models.LOSS_SUM), tolerance);
        }
    }

    /** Convolution, relu and pooling fused and not, norms, dropout, both kinds of pooling, groups and odd sizes. */
    @ParameterizedTest
    @CsvSource({"1, F32", "5, F32", "16, F32", "5, BF16", "5, F16"})
    void stepOverImagesAgreesWithReference(int samples, ElementType compute) {
        Graph graph = Models.training(IMAGES, Objective.of(Task.CROSS_ENTROPY), samples, compute);
        try (Execution expected = reference(graph);
                Execution actual = execution(graph)) {
            expected.draw(11, CLASSES).run();
            actual.draw(11, CLASSES).run();
            double tolerance = 4 * tolerance(compute);
            assertClose("loss", actual.output(Models.LOSS_SUM), expected.output(Models.LOSS_SUM), tolerance);
            for (int i = 0; i < graph.parameters().size(); i++) {
                String name = graph.parameters().get(i).name();
                assertClose(name + " gradient", actual.gradient(i), expected.gradient(i), tolerance);
            }
        }
    }

    @Test
    void notANumberInAConvolutionReachesTheLoss() {
        for (float bad : new float[] {Float.NaN, Float.intBitsToFloat(0xffc00000)}) {
            Graph graph = Models.training(IMAGES, Objective.of(Task.CROSS_ENTROPY), 2, ElementType.F32);
            try (Execution execution = execution(graph)) {
                execution.draw(1, CLASSES).parameter(0).set(0, bad);
                assertThat(execution.run().output(Models.LOSS_SUM)).containsExactly(Float.NaN);
            }
        }
    }

    @Test
    void theLossIsKnownWhenTheSinkHearsOfAGradient() {
        try (Execution execution = training(5, ElementType.F32)) {
            List<Float> losses = new ArrayList<>();
            for (int seed = 1; seed <= 3; seed++) {
                losses.clear();
                execution
                        .draw(seed, CLASSES)
                        .program()
                        .run(_ -> losses.add(execution.output(Models.LOSS_SUM)[0]));
                assertThat(losses).hasSize(6).containsOnly(execution.output(Models.LOSS_SUM)[0]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "BF16", "F16"})
    void gradientsAreFinalWhenTheSinkHearsOfThemLastLayerFirst(ElementType compute) {
        try (Execution execution = training(5, compute)) {
            List<Integer> order = new ArrayList<>();
            List<float[]> seen = new ArrayList<>();
            execution.draw(1, CLASSES).program().run(parameter -> {
                order.add(parameter);
                seen.add(execution.gradient(parameter));
            });
            List<String> layers = order.stream()
                    .map(parameter ->
                            execution.graph().parameters().get(parameter).name())
                    .map(name -> name.substring(0, name.indexOf('.')))
                    .toList();
            assertThat(order).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5);
            assertThat(layers).containsExactly("dense-3", "dense-3", "dense-2", "dense-2", "dense-1", "dense-1");
            for (int i = 0; i < order.size(); i++) {
                assertThat(seen.get(i)).containsExactly(execution.gradient(order.get(i)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "BF16", "F16"})
    void sameRowsGiveSameBitsWhateverRanBefore(ElementType compute) {
        try (Execution execution = training(19, compute);
                Execution fresh = training(19, compute)) {
            int[] first = bits(execution.draw(1, CLASSES).run());
            int[] other = bits(execution.draw(2, CLASSES).run());
            int[] again = bits(execution.draw(1, CLASSES).run());
            int[] elsewhere = bits(fresh.draw(1, CLASSES).run());
            assertThat(other).isNotEqualTo(first);
            assertThat(again).isEqualTo(first);
            assertThat(elsewhere).isEqualTo(first);
        }
    }

    @Test
    void firstNonFiniteNamesTheTensor() {
        try (Execution execution = training(4, ElementType.F32)) {
            Program program = execution.draw(1, CLASSES).program();
            assertThat(program.firstNonFinite()).isEmpty();
            execution.input(Models.FEATURES).set(3, Float.POSITIVE_INFINITY);
            assertThat(program.firstNonFinite()).contains("features");
            execution.parameter(2).set(5, Float.NaN);
            assertThat(program.firstNonFinite()).contains("dense-2.weight");
        }
    }

    @Test
    void firstNonFiniteFindsWhereAFiniteInputOverflows() {
        try (Execution execution = training(4, ElementType.F32)) {
            Values weight = execution.draw(1, CLASSES).parameter(2);
            for (long i = 0; i < weight.count(); i++) {
                weight.set(i, Float.MAX_VALUE);
            }
            assertThat(execution.program().firstNonFinite())
                    .hasValueSatisfying(name -> assertThat(name).matches("dense-2\\..*|relu-2"));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "BF16", "F16"})
    void notANumberInAnyParameterReachesTheLoss(ElementType compute) {
        for (float bad : new float[] {Float.NaN, Float.intBitsToFloat(0xffc00000)}) {
            for (int parameter = 0; parameter < 6; parameter++) {
                try (Execution execution = training(4, compute)) {
                    execution.draw(1, CLASSES).parameter(parameter).set(0, bad);
                    assertThat(execution.run().output(Models.LOSS_SUM))
                            .as(
                                    "loss with %s",
                                    execution
                                            .graph()
                                            .parameters()
                                            .get(parameter)
                                            .name())
                            .containsExactly(Float.NaN);
                }
            }
        }
    }

    @Test
    void labelThatIsNoClassIsRefused() {
        try (Execution execution = training(4, ElementType.F32)) {
            execution.draw(1, CLASSES).input(Models.LABELS).set(2, 7);
            assertThatThrownBy(execution::run)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the label of row 2 is 7, expected 0 to 6");
        }
    }

    @Test
    void unknownInputNamesThoseThereAre() {
        try (Execution execution = training(4, ElementType.F32)) {
            assertThatThrownBy(() -> execution.program().input("feature"))
                    .hasMessage("no input \"feature\"; there are [features, dropout-key, labels, gradient-scale,"
                            + " statistic-scale]");
            assertThatThrownBy(() -> execution.program().output("logits"))
                    .hasMessage("no output \"logits\"; there are [loss-sum]");
        }
    }

    /** A small one of each family of models over time, in each type. */
    static Stream<Arguments> modelsOverTime() {
        ModelSpec lstm = new ModelSpec(new ModelInput.Numbers(List.of(5, 6)), Presets.lstm(9, 2, CLASSES));
        return Stream.of(ElementType.F32, ElementType.BF16, ElementType.F16)
                .flatMap(compute -> Stream.of(
                        Arguments.of(lstm, compute),
                        Arguments.of(transformer(OptionalInt.of(3), Activation.RELU, false), compute),
                        Arguments.of(transformer(OptionalInt.empty(), Activation.GELU, true), compute)));
    }

    /** @param modern causal, norms first, learned positions, a weight for two; else as in 2017 */
    private static ModelSpec transformer(OptionalInt padding, Activation activation, boolean modern) {
        var positions = modern ? Layer.Positions.Encoding.LEARNED : Layer.Positions.Encoding.SINUSOIDAL;
        var preset = new Presets.Transformer(CLASSES, 12, 3, 2, 20, 0, positions, activation, modern, modern, modern);
        return new ModelSpec(new ModelInput.Tokens(8, padding), preset.layers(CLASSES, true));
    }

    @ParameterizedTest
    @MethodSource("modelsOverTime")
    void trainingStepOverTimeAgreesWithReference(ModelSpec model, ElementType compute) {
        Graph graph = Models.training(model, Objective.of(Task.CROSS_ENTROPY), 3, compute);
        double tolerance = compute == ElementType.F32 ? F32_TOLERANCE : 3 * HALF_TOLERANCE;
        try (Execution expected = reference(graph);
                Execution actual = execution(graph)) {
            expected.draw(11, CLASSES).run();
            actual.draw(11, CLASSES).run();
            assertClose("loss", actual.output(Models.LOSS_SUM), expected.output(Models.LOSS_SUM), tolerance);
            assertClose("gradients", actual.gradients(), expected.gradients(), tolerance);
        }
    }

    @ParameterizedTest
    @MethodSource("modelsOverTime")
    void notANumberInAnyParameterOverTimeReachesTheLoss(ModelSpec model, ElementType compute) {
        Graph graph = Models.training(model, Objective.of(Task.CROSS_ENTROPY), 3, compute);
        for (int parameter = 0; parameter < graph.parameters().size(); parameter++) {
            try (Execution execution = execution(graph)) {
                Values values = execution.draw(1, CLASSES).parameter(parameter);
                for (long i = 0; i < values.count(); i++) {
                    values.set(i, Float.NaN);
                }
                assertThat(execution.run().output(Models.LOSS_SUM))
                        .as("loss with %s", graph.parameters().get(parameter).name())
                        .containsExactly(Float.NaN);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "BF16", "F16"})
    void runAllocatesNothingOnTheHeap(ElementType compute) {
        assumeTrue(allocatesNothing(), () -> backend().name() + " makes new arrays in each run");
        try (Execution execution = training(2, compute)) {
            assertThat(leastAllocated(execution, 500)).as("bytes in 500 runs").isZero();
        }
    }

    /** Bytes in so many runs, once compiled. */
    protected static long leastAllocated(Execution execution, int runs) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Program program = execution.draw(1, CLASSES).program();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 40 && least > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            long measuring = threads.getCurrentThreadAllocatedBytes() - before;
            long start = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < runs; i++) {
                program.run();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - start - measuring);
        }
        return least;
    }

    private Execution training(int rows, ElementType compute) {
        return execution(Models.training(MODEL, Objective.of(Task.CROSS_ENTROPY), rows, compute));
    }

    /** Of the loss and all gradients. */
    private static int[] bits(Execution execution) {
        return Stream.of(execution.output(Models.LOSS_SUM), execution.gradients())
                .flatMapToInt(floats -> IntStream.range(0, floats.length).map(i -> Float.floatToRawIntBits(floats[i])))
                .toArray();
    }
}
