package dev.tutti.nd4j;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendContract;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.Closeness;
import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class Nd4jBackendTest extends BackendContract {
    private static final double TOLERANCE = 1e-5;

    @Override
    protected Backend backend() {
        return new Nd4jBackendProvider().create(1);
    }

    @Override
    protected boolean allocatesNothing() {
        return false;
    }

    @Override
    protected boolean selectsGradients() {
        return false;
    }

    /** What it is there for. */
    @ParameterizedTest
    @EnumSource(Task.class)
    void lenetsStepAgreesWithTheReferences(Task task) {
        ModelSpec lenet = new ModelSpec(new ModelInput.Numbers(List.of(28, 28)), Presets.lenet(10));
        Graph graph = Models.training(lenet, Objective.of(task), 3, ElementType.F32);
        try (Execution expected = new Execution(Backends.select("reference", 1), graph);
                Execution actual = new Execution(backend(), graph)) {
            expected.draw(5, 10).run();
            actual.draw(5, 10).run();
            Closeness.assertClose("loss", actual.output(Models.LOSS_SUM), expected.output(Models.LOSS_SUM), TOLERANCE);
            Closeness.assertClose("gradients", actual.gradients(), expected.gradients(), TOLERANCE);
        }
    }
}
