package dev.tutti.tensor.peer;

import static dev.tutti.tensor.backend.Closeness.assertClose;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.optimizer.UpdateRule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** libtorch and we start from the same weights, see the same rows, and must stay together. */
class TorchComparisonTest {
    private static final int CLASSES = 10;
    private static final ModelSpec MODEL = ModelSpec.mlp(784, List.of(256, 128, 64), CLASSES);
    private static final int ROWS = 128;
    private static final int STEPS = 5;
    private static final double TOLERANCE = 1e-4;
    private static final double SAME_GRADIENT_TOLERANCE = 1e-6;

    @ParameterizedTest
    @CsvSource({"cpu, CROSS_ENTROPY", "cpu, MSE", "reference, CROSS_ENTROPY", "reference, MSE"})
    void lossAndGradientsAgree(String backend, Task task) {
        try (PointerScope _ = new PointerScope();
                Execution ours = execution(backend, task)) {
            TorchModel theirs = TorchModel.copyOf(ours, MODEL, Objective.of(task));
            float[] loss = step(ours, theirs, 1);
            assertClose("loss", new float[] {ours.output(Models.LOSS_SUM)[0] / ROWS}, loss, TOLERANCE);
            List<float[]> gradients = theirs.gradients();
            for (int i = 0; i < gradients.size(); i++) {
                assertClose(name(ours, i) + " gradient", ours.gradient(i), gradients.get(i), TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"CROSS_ENTROPY", "MSE"})
    void fiveAdamStepsAgree(Task task) {
        fiveStepsAgree(
                task,
                new Adam(1e-3, 0.9, 0.999, 1e-8),
                parameters -> new org.bytedeco.pytorch.Adam(parameters, new AdamOptions(1e-3)));
    }

    @ParameterizedTest
    @CsvSource({"CROSS_ENTROPY", "MSE"})
    void fiveMomentumStepsAgree(Task task) {
        fiveStepsAgree(task, new Sgd(0.05, 0.9), parameters -> {
            SGDOptions options = new SGDOptions(0.05);
            options.momentum().put(0.9);
            return new SGD(parameters, options);
        });
    }

    @ParameterizedTest
    @CsvSource({"CROSS_ENTROPY", "MSE"})
    void fivePlainGradientStepsAgree(Task task) {
        fiveStepsAgree(task, new Sgd(0.05, 0), parameters -> new SGD(parameters, new SGDOptions(0.05)));
    }

    private interface TorchOptimizer {
        Optimizer of(TensorVector parameters);
    }

    /** Who computes the gradients that our update rule applies. */
    private enum Gradients {
        OURS,
        THEIRS
    }

    private static void fiveStepsAgree(Task task, UpdateRule rule, TorchOptimizer torchOptimizer) {
        stepsAgree(Gradients.THEIRS, task, rule, torchOptimizer);
        stepsAgree(Gradients.OURS, task, rule, torchOptimizer);
    }

    /**
     * On the same gradients each element must agree. On each side's own gradients the tensors must, as vectors: where a gradient is nothing but rounding error,
     * Adam still moves the parameter by as much as the rate, in a direction that is anyone's guess.
     */
    private static void stepsAgree(Gradients gradients, Task task, UpdateRule rule, TorchOptimizer torchOptimizer) {
        try (PointerScope _ = new PointerScope();
                Arena arena = Arena.ofConfined();
                Execution ours = execution("cpu", task)) {
            TorchModel theirs = TorchModel.copyOf(ours, MODEL, Objective.of(task));
            Optimizer optimizer = torchOptimizer.of(theirs.vector());
            long elements = ours.graph().parameterElements();
            SliceOptimizer sliceOptimizer = new SliceOptimizer(rule, Regularization.NONE);
            List<MemorySegment> state = IntStream.range(0, sliceOptimizer.stateSlots())
                    .mapToObj(_ -> arena.allocate(JAVA_FLOAT, elements))
                    .toList();
            MemorySegment parameters = ours.buffers().parameters();
            for (int step = 1; step <= STEPS; step++) {
                optimizer.zero_grad();
                float[] loss = step(ours, theirs, step);
                float[] ourLoss = {ours.output(Models.LOSS_SUM)[0] / ROWS};
                assertClose("loss of step " + step, ourLoss, loss, TOLERANCE);
                MemorySegment applied = switch (gradients) {
                    case OURS -> ours.buffers().gradients();
                    case THEIRS -> flat(theirs.gradients(), arena);
                };
                sliceOptimizer.apply(parameters, parameters, applied, 1, state, elements, step);
                optimizer.step();
            }
            List<float[]> expected = theirs.values();
            for (int i = 0; i < expected.size(); i++) {
                float[] actual = floats(ours.parameter(i));
                switch (gradients) {
                    case OURS ->
                        assertThat(relativeDistance(actual, expected.get(i)))
                                .as(name(ours, i))
                                .isLessThanOrEqualTo(TOLERANCE);
                    case THEIRS -> assertClose(name(ours, i), actual, expected.get(i), SAME_GRADIENT_TOLERANCE);
                }
            }
        }
    }

    private static MemorySegment flat(List<float[]> tensors, Arena arena) {
        int elements = tensors.stream().mapToInt(tensor -> tensor.length).sum();
        MemorySegment flat = arena.allocate(JAVA_FLOAT, elements);
        int first = 0;
        for (float[] tensor : tensors) {
            MemorySegment.copy(tensor, 0, flat, JAVA_FLOAT, (long) first * Float.BYTES, tensor.length);
            first += tensor.length;
        }
        return flat;
    }

    /** ‖actual − expected‖ / ‖expected‖. */
    private static double relativeDistance(float[] actual, float[] expected) {
        double distance = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            distance += Math.pow((double) actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(distance / norm);
    }

    private static Execution execution(String backend, Task task) {
        return new Execution(
                Backends.select(backend, 1), Models.training(MODEL, Objective.of(task), ROWS, ElementType.F32));
    }

    /** Forward and backward on both sides, on rows drawn from the seed. @return libtorch's mean loss */
    private static float[] step(Execution ours, TorchModel theirs, long seed) {
        ours.draw(seed, CLASSES).input(Models.GRADIENT_SCALE).set(0, 1f / ROWS);
        ours.run();
        Tensor loss = theirs.lossSum(ours).div(TorchModel.scalar(ROWS));
        loss.backward();
        return TorchModel.floats(loss);
    }

    private static float[] floats(Values values) {
        float[] floats = new float[Math.toIntExact(values.count())];
        IntStream.range(0, floats.length).forEach(i -> floats[i] = (float) values.get(i));
        return floats;
    }

    private static String name(Execution ours, int parameter) {
        return ours.graph().parameters().get(parameter).name();
    }
}
