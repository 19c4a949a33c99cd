package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class InnerOptimizerTest {
    private static final Initializer ZERO = new Initializer.Constant(0);

    /** Momentum would carry a row on that no token has; a row of a sparse table stays, with its momentum. */
    @Test
    void aRowIsChangedByTheStepsThatTouchIt() {
        JobSpec.Builder spec = JobSpec.newBuilder().setName("rows");
        spec.getTrainingBuilder()
                .getOptimizerBuilder()
                .getSgdBuilder()
                .setRate(1)
                .setMomentum(0.5);
        List<Parameter> parameters = List.of(
                new Parameter("table", Shape.of(3, 2), 0, ZERO, Parameter.Update.TRAINED_ROWS),
                new Parameter("wide", Shape.of(1, 4), 6, ZERO, Parameter.Update.TRAINED_ROWS),
                new Parameter("bias", Shape.of(2), 10, ZERO, Parameter.Update.TRAINED));
        try (Arena arena = Arena.ofConfined();
                InnerOptimizer optimizer = new InnerOptimizer(spec.build(), parameters)) {
            ParameterBuffers buffers = new ParameterBuffers(arena.allocate(48, 64), arena.allocate(48, 64));

            step(optimizer, buffers, 1, -0f, 0, 0, 2, 0, 0, 0, 0, 4, 1, 1);
            assertParameters(buffers, -1, 0, 0, 0, -2, 0, 0, 0, 0, -4, -1, -1);

            step(optimizer, buffers, 0, -0f, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0);
            assertParameters(buffers, -1, 0, -3, 0, -5, 0, 0, 0, 0, -4, -1.5f, -1.5f);

            step(optimizer, buffers, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0);
            assertParameters(buffers, -2.5f, 0, -3, 0, -5, 0, -4, 0, 0, -6, -1.75f, -1.75f);
        }
    }

    private static void step(InnerOptimizer optimizer, ParameterBuffers buffers, float... gradient) {
        buffers.gradients().copyFrom(MemorySegment.ofArray(gradient));
        optimizer.step(0, buffers);
    }

    private static void assertParameters(ParameterBuffers buffers, float... expected) {
        assertThat(buffers.parameters().toArray(ValueLayout.JAVA_FLOAT)).containsExactly(expected, within(1e-6f));
    }
}
