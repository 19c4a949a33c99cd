package dev.tutti.tensor.autodiff;

import static dev.tutti.tensor.graph.ElementType.F32;
import static dev.tutti.tensor.graph.ElementType.I32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.Closeness;
import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.Fusion;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Task;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AutodiffTest {
    private static final double STEP = 1e-5;
    private static final int CLASSES = 3;
    private static final Initializer WIDE = new Initializer.Uniform(0.9f);

    /** Forward graphs with loss {@code loss-sum} and the seed of the backward pass {@code gradient-scale}. */
    static Stream<Graph> forwardGraphs() {
        ModelSpec mlp = new ModelSpec.Mlp(5, List.of(7, 6), CLASSES);
        return Stream.of(
                withScale(Models.evaluation(mlp, Task.CROSS_ENTROPY, 4, F32)),
                withScale(Models.evaluation(mlp, Task.MSE, 4, F32)),
                withScale(Models.evaluation(mlp, Task.MSE, 1, F32)),
                sharedWeight(),
                everyTranspose());
    }

    @ParameterizedTest
    @MethodSource("forwardGraphs")
    void gradientsAgreeWithCentralDifferencesInF64(Graph forward) {
        Graph training = Autodiff.withGradients(forward, forward.output("loss-sum"), forward.input("gradient-scale"));
        try (Execution execution = new Execution(Backends.select("reference", 1), training)) {
            execution.draw(5, CLASSES).run();
            for (int i = 0; i < forward.parameters().size(); i++) {
                float[] differences = centralDifferences(execution, forward, i);
                String name = forward.parameters().get(i).name();
                Closeness.assertClose(name, execution.gradient(i), differences, 1e-5);
            }
        }
    }

    @Test
    void featuresGetNoGradient() {
        Graph training = Models.training(new ModelSpec.Mlp(5, List.of(4), 3), Task.MSE, 2, F32);
        assertThat(training.instructions())
                .extracting(instruction -> instruction.result().name())
                .contains("dense-1.relu.gradient")
                .doesNotContain("features.gradient");
    }

    @Test
    void parameterTheLossDoesNotReachIsNamed() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", F32, Shape.of(2, 3));
        Tensor used = builder.parameter("used", Shape.of(3), WIDE);
        builder.parameter("unused", Shape.of(3), WIDE);
        Tensor loss = builder.add("loss", new Op.SquaredError(builder.add("sum", new Op.AddBias(x, used)), x));
        Tensor scale = builder.input("gradient-scale", F32, Shape.of(1));
        Graph forward = builder.build();
        assertThatThrownBy(() -> Autodiff.withGradients(forward, loss, scale))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("parameter unused has no gradient: the loss does not depend on it");
    }

    @Test
    void fusedGraphIsNotDifferentiated() {
        Graph fused = Fusion.fuse(withScale(Models.evaluation(new ModelSpec.Mlp(5, List.of(), 3), Task.MSE, 2, F32)));
        assertThatThrownBy(() -> Autodiff.withGradients(fused, fused.output("loss-sum"), fused.input("gradient-scale")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("differentiate a graph before it is lowered, and once");
    }

    private static Graph withScale(Graph forward) {
        GraphBuilder builder = GraphBuilder.extending(forward);
        builder.input("gradient-scale", F32, Shape.of(1));
        return builder.build();
    }

    /** y = relu(x·wᵀ)·w + relu(x·wᵀ)·w: one weight read twice, one value read twice. */
    private static Graph sharedWeight() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", F32, Shape.of(4, 5));
        Tensor labels = builder.input("labels", I32, Shape.of(4));
        Tensor w = builder.parameter("w", Shape.of(6, 5), WIDE);
        Tensor hidden = builder.add("hidden", new Op.Relu(builder.add("p", new Op.MatMul(x, false, w, true))));
        Tensor back = builder.add("back", new Op.MatMul(hidden, false, w, false));
        Tensor twice = builder.add("twice", new Op.Add(back, back));
        builder.output("loss-sum", builder.add("loss", new Op.CrossEntropy(twice, labels)));
        return withScale(builder.build());
    }

    /** ((a·b)·(c·d)ᵀ), each side once with both operands transposed in memory. */
    private static Graph everyTranspose() {
        GraphBuilder builder = new GraphBuilder();
        Tensor a = builder.parameter("a", Shape.of(5, 4), WIDE);
        Tensor b = builder.parameter("b", Shape.of(6, 5), WIDE);
        Tensor c = builder.parameter("c", Shape.of(3, 2), WIDE);
        Tensor d = builder.parameter("d", Shape.of(2, 6), WIDE);
        Tensor left = builder.add("left", new Op.MatMul(a, true, b, true));
        Tensor right = builder.add("right", new Op.MatMul(c, false, d, false));
        Tensor y = builder.add("y", new Op.MatMul(left, false, right, true));
        Tensor targets = builder.input("targets", F32, Shape.of(4, 3));
        Tensor z = builder.add("z", new Op.MatMul(y, true, targets, false));
        Tensor square = builder.input("square", F32, Shape.of(3, 3));
        builder.output("loss-sum", builder.add("loss", new Op.SquaredError(z, square)));
        return withScale(builder.build());
    }

    private static float[] centralDifferences(Execution execution, Graph forward, int parameter) {
        double scale = execution.input("gradient-scale").get(0);
        float[] differences =
                new float[Math.toIntExact(execution.parameter(parameter).count())];
        for (int element = 0; element < differences.length; element++) {
            double above = loss(execution, forward, parameter, element, STEP);
            double below = loss(execution, forward, parameter, element, -STEP);
            differences[element] = (float) (scale * (above - below) / (2 * STEP));
        }
        return differences;
    }

    private static double loss(Execution execution, Graph forward, int parameter, int element, double step) {
        DoubleInterpreter interpreter = new DoubleInterpreter();
        for (Tensor input : forward.inputs()) {
            interpreter.set(input, doubles(execution.input(input.name())));
        }
        for (int i = 0; i < forward.parameters().size(); i++) {
            double[] values = doubles(execution.parameter(i));
            if (i == parameter) {
                values[element] += step;
            }
            interpreter.set(forward.parameterTensors().get(i), values);
        }
        interpreter.run(forward);
        return interpreter.get(forward.output("loss-sum"))[0];
    }

    private static double[] doubles(Values values) {
        return values.floats().toArray();
    }
}
