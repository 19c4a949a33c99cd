package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.tensor.optimizer.LossScale;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientGateTest {
    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void noGradientLeavesThatIsNotFiniteUnderAFiniteLoss(String backend) throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build(), backend);
        PreparedJob prepared = job.surroundings.data().prepare("job-1", job.spec, SmallJob.SLICES);
        try (CompiledModel model = new CompiledModel(prepared, job.surroundings.backend())) {
            List<Integer> pushed = new ArrayList<>();
            GradientGate gate = new GradientGate.Checked(model, pushed::add);
            TrainingProgram program = model.training(4);

            assertThat(program.run(1, new RunPlace(1, 0, 4, 4), gate.begin())).isFinite();
            gate.end("at step 6", program.program());
            assertThat(pushed).hasSize(6);

            pushed.clear();
            assertThat(program.run(Double.POSITIVE_INFINITY, new RunPlace(1, 0, 4, 4), gate.begin()))
                    .isFinite();
            assertThat(pushed).isEmpty();
            assertThatThrownBy(() -> gate.end("at step 7", program.program()))
                    .isInstanceOf(NonFiniteLossException.class)
                    .hasMessageMatching("the gradient of dense-\\d\\.(weight|bias) is not finite at step 7:"
                            + " first non-finite tensor is gradient-scale");
        }
    }

    @Test
    void aWorkerOfItsOwnScaleGivesUpWhenNoSmallerOneIsLeft() throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build());
        PreparedJob prepared = job.surroundings.data().prepare("job-1", job.spec, SmallJob.SLICES);
        try (CompiledModel model = new CompiledModel(prepared, job.surroundings.backend());
                MemoryShards shards = job.shards(0.2f, false)) {
            Narration narration = new Narration(
                    job.generation(shards, 1, 0, 0, 1),
                    new RecordedReports(),
                    job.surroundings.metrics(),
                    System::nanoTime);
            GradientGate gate = new GradientGate.Held(model, _ -> {}, narration, LossScale.first(2, 1000));
            OverflowWatch watch = new OverflowWatch(gate);

            step(watch, gate, model, Double.POSITIVE_INFINITY);
            for (int i = 0; i < OverflowWatch.MOST_STEPS - 1; i++) {
                step(watch, gate, model, Double.POSITIVE_INFINITY);
            }
            step(watch, gate, model, 1);
            for (int i = 0; i < OverflowWatch.MOST_STEPS - 1; i++) {
                step(watch, gate, model, Double.POSITIVE_INFINITY);
            }
            assertThatThrownBy(() -> step(watch, gate, model, Double.POSITIVE_INFINITY))
                    .isInstanceOf(NonFiniteLossException.class)
                    .hasMessageContaining("100 steps in a row with the loss scale at 1")
                    .hasMessageContaining("at last at step 6: use the precision bf16 or f32");
        }
    }

    private static void step(OverflowWatch watch, GradientGate gate, CompiledModel model, double scale)
            throws NonFiniteLossException {
        watch.stepBegins();
        TrainingProgram program = model.training(4);
        program.run(scale, new RunPlace(1, 0, 4, 4), gate.begin());
        gate.end("at step 6", program.program());
        watch.stepEnds("at step 6");
    }
}
