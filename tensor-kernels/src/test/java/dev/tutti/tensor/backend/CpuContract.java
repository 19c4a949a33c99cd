package dev.tutti.tensor.backend;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the CPU's backend does with and without its library, and the reference need not. */
public abstract class CpuContract extends BackendContract {
    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "BF16", "F16"})
    void runOverImagesAllocatesNothingOnTheHeap(ElementType compute) {
        var graph = Models.training(IMAGES, Objective.of(Task.CROSS_ENTROPY), 2, compute);
        try (Execution execution = new Execution(backend(), graph)) {
            assertAllocatesNothing(execution.draw(1, 1).program());
        }
    }
}
