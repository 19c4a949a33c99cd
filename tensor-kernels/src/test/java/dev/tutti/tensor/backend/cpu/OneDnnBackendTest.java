package dev.tutti.tensor.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.Closeness;
import dev.tutti.tensor.backend.CpuContract;
import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class OneDnnBackendTest extends CpuContract {
    @BeforeAll
    static void libraryIsThere() {
        assumeTrue(OneDnn.isEnabled(), OneDnn::reason);
    }

    @Override
    protected Backend backend() {
        return CpuBackend.oneDnn(1);
    }

    @Test
    void twoThreadsAgreeWithReferenceAndRepeatTheirBits() {
        Graph graph = Models.training(
                ModelSpec.mlp(300, List.of(200, 100), 10), Objective.of(Task.CROSS_ENTROPY), 96, ElementType.F32);
        try (Execution expected = new Execution(Backends.select("reference", 1), graph);
                Execution first = new Execution(CpuBackend.oneDnn(2), graph);
                Execution second = new Execution(CpuBackend.oneDnn(2), graph)) {
            List.of(expected, first, second)
                    .forEach(execution -> execution.draw(1, 10).run());
            Closeness.assertClose("gradients", first.gradients(), expected.gradients(), 1e-5);
            assertThat(second.gradients()).containsExactly(first.gradients());
        }
    }

    @Test
    void numericsNameVersionInstructionSetAndThreads() {
        assertThat(CpuBackend.oneDnn(2).numerics()).matches("cpu: oneDNN 3\\.\\d+\\.\\d+, [a-z0-9_]+, threads 2");
    }
}
