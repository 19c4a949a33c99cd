package dev.tutti.tensor.backend;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.model.Layer;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import dev.tutti.tensor.optimizer.Adagrad;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Averaging;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.RmsProp;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.optimizer.UpdateRule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A trainer takes the steps that its backend's programs and the optimizer of the parameter servers take, bit by bit. */
public abstract class TrainerContract {
    private static final int CLASSES = 7;
    private static final int STEPS = 3;
    private static final Regularization REGULARIZED = new Regularization(0.01, 0.02, 0.1, 0.05);

    /** Parameters that are trained, and averages of a norm between them. */
    private static final ModelSpec NORMED = new ModelSpec(
            new ModelInput.Numbers(List.of(19)),
            List.of(
                    new Layer.Dense(33),
                    new Layer.BatchNorm(1e-5f),
                    new Layer.Activate(Activation.TANH),
                    new Layer.Dense(CLASSES)));
    /** Rows that no id names, and so do not change. */
    private static final ModelSpec SPARSE = new ModelSpec(
            new ModelInput.Tokens(5, OptionalInt.empty()),
            List.of(
                    new Layer.Embedding(40, 9, Layer.Embedding.SMALL_DEVIATION, true),
                    new Layer.Flatten(),
                    new Layer.Dense(CLASSES)));

    protected abstract Backend backend();

    static Stream<Arguments> optimizers() {
        return Stream.of(
                        new Sgd(0.1, 0),
                        new Sgd(0.1, 0.9),
                        new Sgd(0.1, 0.9, true),
                        new Adam(0.01, 0.9, 0.999, 1e-8),
                        new RmsProp(0.01, 0.99, 1e-8, 0),
                        new RmsProp(0.01, 0.99, 1e-8, 0.9),
                        new Adagrad(0.1, 0.01, 1e-10))
                .flatMap(rule -> Stream.of(
                        Arguments.of(NORMED, rule, Regularization.NONE),
                        Arguments.of(NORMED, rule, REGULARIZED),
                        Arguments.of(SPARSE, rule, REGULARIZED)));
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void takesTheStepsOfProgramAndOptimizer(ModelSpec model, UpdateRule rule, Regularization regularization) {
        Graph graph = Models.training(model, Objective.of(Task.CROSS_ENTROPY), 6, ElementType.F32);
        try (Execution expected = new Execution(backend(), graph);
                Execution actual = new Execution(backend(), graph);
                Arena arena = Arena.ofConfined()) {
            List<MemorySegment> state = Stream.generate(
                            () -> arena.allocate(actual.buffers().parameters().byteSize(), 64))
                    .limit(rule.stateNames().size())
                    .toList();
            SliceOptimizer optimizer = new SliceOptimizer(rule, regularization);
            try (Trainer trainer = backend().trainer(graph, actual.buffers(), optimizer)) {
                for (int step = 1; step <= STEPS; step++) {
                    expected.draw(step, CLASSES).run();
                    actual.draw(step, CLASSES);
                    graph.inputs().forEach(input -> copy(input, actual, trainer));
                    trainer.step();
                    assertThat(trainer.output(Models.LOSS_SUM).toArray(JAVA_FLOAT))
                            .containsExactly(expected.output(Models.LOSS_SUM));
                    update(expected, optimizer, state, step);
                }
                trainer.readParameters();
                assertThat(actual.buffers().parameters().toArray(JAVA_FLOAT))
                        .containsExactly(expected.buffers().parameters().toArray(JAVA_FLOAT));
            }
        }
    }

    private static void copy(Tensor input, Execution from, Trainer to) {
        to.input(input.name()).copyFrom(from.program().input(input.name()));
    }

    /** Tensor by tensor, and of rows row by row. */
    private static void update(Execution execution, SliceOptimizer optimizer, List<MemorySegment> state, long step) {
        for (Parameter parameter : execution.graph().parameters()) {
            int width = parameter.rowWidth() > 0 ? parameter.rowWidth() : Math.toIntExact(parameter.elementCount());
            for (long row = 0; row < parameter.elementCount(); row += width) {
                long begin = (parameter.offset() + row) * Float.BYTES;
                long bytes = (long) width * Float.BYTES;
                MemorySegment parameters = execution.buffers().parameters().asSlice(begin, bytes);
                MemorySegment gradients = execution.buffers().gradients().asSlice(begin, bytes);
                if (parameter.update() == Parameter.Update.AVERAGED) {
                    new Averaging().apply(parameters, parameters, gradients, 1, width);
                } else if (parameter.update() == Parameter.Update.TRAINED || isTouched(gradients)) {
                    List<MemorySegment> slots = state.stream()
                            .map(slot -> slot.asSlice(begin, bytes))
                            .toList();
                    optimizer.apply(parameters, parameters, gradients, 1, slots, width, step);
                }
            }
        }
    }

    private static boolean isTouched(MemorySegment gradients) {
        float[] row = gradients.toArray(JAVA_FLOAT);
        return IntStream.range(0, row.length).anyMatch(i -> row[i] != 0);
    }

    @Test
    void saysWhereTheTimeGoes() {
        Graph graph = Models.training(NORMED, Objective.of(Task.CROSS_ENTROPY), 6, ElementType.F32);
        SliceOptimizer optimizer = new SliceOptimizer(new Sgd(0.1, 0), Regularization.NONE);
        try (Execution execution = new Execution(backend(), graph);
                Trainer trainer = backend().trainer(graph, execution.buffers(), optimizer)) {
            execution.draw(1, CLASSES);
            graph.inputs().forEach(input -> copy(input, execution, trainer));
            List<String> parts = new ArrayList<>();
            trainer.profile(3).forEach(timing -> parts.add(timing.instruction()));
            assertThat(parts).hasSizeGreaterThan(5).last().isEqualTo("optimizer");
        }
    }

    @Test
    void unknownInputNamesThoseThereAre() {
        Graph graph = Models.training(NORMED, Objective.of(Task.CROSS_ENTROPY), 6, ElementType.F32);
        SliceOptimizer optimizer = new SliceOptimizer(new Sgd(0.1, 0), Regularization.NONE);
        try (Execution execution = new Execution(backend(), graph);
                Trainer trainer = backend().trainer(graph, execution.buffers(), optimizer)) {
            assertThatThrownBy(() -> trainer.input("feature")).hasMessageContaining("no input \"feature\"");
        }
    }
}
