package dev.tutti.tensor.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.backend.BackendContract;
import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the reference backend, whose loops over time keep their sums on the heap, does not do. */
abstract class CpuBackendContract extends BackendContract {
    @ParameterizedTest
    @MethodSource("modelsOverTime")
    void runOverTimeAllocatesNothingOnTheHeap(ModelSpec model, ElementType compute) {
        Graph graph = Models.training(model, Objective.of(Task.CROSS_ENTROPY), 2, compute);
        try (Execution execution = new Execution(backend(), graph)) {
            assertThat(leastAllocated(execution, 100))
                    .as("bytes in 100 runs, once compiled")
                    .isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "BF16", "F16"})
    void runOverImagesAllocatesNothingOnTheHeap(ElementType compute) {
        Graph graph = Models.training(IMAGES, Objective.of(Task.CROSS_ENTROPY), 2, compute);
        try (Execution execution = new Execution(backend(), graph)) {
            assertThat(leastAllocated(execution, 100))
                    .as("bytes in 100 runs, once compiled")
                    .isZero();
        }
    }
}
