package dev.tutti.tensor.autodiff;

import static dev.tutti.tensor.graph.ElementType.F32;
import static dev.tutti.tensor.graph.ElementType.I32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.tensor.backend.reference.DoubleInterpreter;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Operations;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.Fusion;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import dev.tutti.tensor.random.CounterRandom;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AutodiffTest {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-7;

    /** Operations of backward passes, and those that only lowering or evaluation makes. */
    private static final Set<Class<?>> WITHOUT_GRADIENT = Set.of(
            ElementwiseOp.Scale.class,
            ElementwiseOp.Cast.class,
            MatrixOp.ColumnSum.class,
            MatrixOp.Dense.class,
            MatrixOp.RoundedMatMul.class,
            SequenceOp.DenseLstm.class,
            ConvolutionOp.Conv2dMaxPool.class,
            ConvolutionOp.MaxPoolScatter.class,
            SequenceOp.Delay.class,
            NormalizationOp.BatchNormInference.class);

    static Stream<Graph> forwardGraphs() {
        return DifferentiableGraphs.all();
    }

    @ParameterizedTest
    @MethodSource("forwardGraphs")
    void gradientsAgreeWithCentralDifferencesInF64(Graph forward) {
        Graph training = withGradients(forward);
        Doubles backward = new Doubles(training);
        backward.run();
        for (int i = 0; i < forward.parameters().size(); i++) {
            Parameter parameter = forward.parameters().get(i);
            if (parameter.update() == Parameter.Update.TRAINED) {
                assertThat(backward.of(training.gradients().get(i)))
                        .as("%s in %s", parameter.name(), forward)
                        .usingElementComparator(Doubles.within(TOLERANCE))
                        .containsExactly(centralDifferences(forward, i));
            }
        }
    }

    @Test
    void everyOperationWithAGradientIsDifferentiated() {
        Set<Class<?>> differentiated = forwardGraphs()
                .flatMap(graph -> graph.instructions().stream())
                .map(instruction -> instruction.op().getClass())
                .collect(Collectors.toSet());
        assertThat(differentiated)
                .containsExactlyInAnyOrderElementsOf(Operations.all()
                        .filter(type -> !type.getSimpleName().endsWith("Gradient"))
                        .filter(type -> !WITHOUT_GRADIENT.contains(type))
                        .toList());
    }

    @Test
    void batchNormsRunningStatisticsGetTheBatchsWeightedByItsShare() {
        Graph forward = forwardGraphs()
                .filter(graph -> graph.instructions().getFirst().op() instanceof NormalizationOp.BatchNorm)
                .findFirst()
                .orElseThrow();
        Graph training = withGradients(forward);
        Doubles backward = new Doubles(training);
        backward.run();
        Instruction norm = training.instructions().getFirst();
        double share = 4 * backward.of(training.input("statistic-scale"))[0];
        for (int channel = 0; channel < 3; channel++) {
            assertThat(backward.of(training.gradients().get(3))[channel])
                    .isEqualTo(share * backward.of(norm.results().get(1))[channel]);
            assertThat(backward.of(training.gradients().get(4))[channel])
                    .isEqualTo(share * backward.of(norm.results().get(3))[channel]);
        }
    }

    @Test
    void featuresGetNoGradient() {
        Graph training = Models.training(ModelSpec.mlp(5, List.of(4), 3), Objective.of(Task.MSE), 2, F32);
        assertThat(training.instructions())
                .extracting(instruction -> instruction.result().name())
                .contains("relu-1.gradient")
                .doesNotContain("features.gradient");
    }

    @Test
    void parameterTheLossDoesNotReachIsNamed() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", F32, Shape.of(2, 3));
        Tensor used = builder.parameter("used", Shape.of(3), new Initializer.Constant(1));
        builder.parameter("unused", Shape.of(3), new Initializer.Constant(1));
        Tensor loss =
                builder.add("loss", new LossOp.SquaredError(builder.add("sum", new MatrixOp.AddBias(x, used)), x));
        Tensor scale = builder.input("gradient-scale", F32, Shape.of(1));
        Graph forward = builder.build();
        assertThatThrownBy(() -> Autodiff.withGradients(forward, loss, scale, scale))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("parameter unused has no gradient: the loss does not depend on it");
    }

    @Test
    void fusedGraphIsNotDifferentiated() {
        Graph fused = Fusion.fuse(
                withScale(Models.evaluation(ModelSpec.mlp(5, List.of(), 3), Objective.of(Task.MSE), 2, F32)));
        assertThatThrownBy(() -> withGradients(fused))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("differentiate a graph before it is lowered, and once");
    }

    private static Graph withGradients(Graph forward) {
        return Autodiff.withGradients(
                forward, forward.output("loss-sum"), forward.input("gradient-scale"), forward.input("statistic-scale"));
    }

    private static Graph withScale(Graph forward) {
        GraphBuilder builder = GraphBuilder.extending(forward);
        builder.input("gradient-scale", F32, Shape.SCALAR);
        builder.input("statistic-scale", F32, Shape.SCALAR);
        return builder.build();
    }

    private static double[] centralDifferences(Graph forward, int parameter) {
        Tensor tensor = forward.parameterTensors().get(parameter);
        double[] differences = new double[Math.toIntExact(tensor.elementCount())];
        for (int element = 0; element < differences.length; element++) {
            double above = loss(forward, tensor, element, STEP);
            double below = loss(forward, tensor, element, -STEP);
            differences[element] = Doubles.SCALE * (above - below) / (2 * STEP);
        }
        return differences;
    }

    private static double loss(Graph forward, Tensor parameter, int element, double step) {
        Doubles doubles = new Doubles(forward);
        doubles.of(parameter)[element] += step;
        doubles.run();
        return doubles.of(forward.output("loss-sum"))[0];
    }

    /** A graph's run in f64, on inputs and parameters drawn from a seed. */
    private static final class Doubles {
        static final double SCALE = 0.125;

        private final Graph graph;
        private final DoubleInterpreter interpreter = new DoubleInterpreter();

        Doubles(Graph graph) {
            this.graph = graph;
            CounterRandom random = new CounterRandom(7);
            Stream.concat(graph.inputs().stream(), graph.parameterTensors().stream())
                    .forEach(tensor -> {
                        double[] elements = of(tensor);
                        long stream = CounterRandom.stream(tensor.name());
                        for (int i = 0; i < elements.length; i++) {
                            double uniform = random.uniform(stream, i);
                            elements[i] = tensor.type() == I32
                                    ? Math.floor(uniform * DifferentiableGraphs.CLASSES)
                                    : 2 * uniform - 1;
                        }
                    });
            of(graph.input("gradient-scale"))[0] = SCALE;
        }

        double[] of(Tensor tensor) {
            return interpreter.of(tensor);
        }

        void run() {
            interpreter.run(graph);
        }

        static Comparator<Double> within(double tolerance) {
            return (actual, expected) ->
                    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)) ? 0 : 1;
        }
    }
}
