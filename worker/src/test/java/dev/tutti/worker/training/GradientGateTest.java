package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
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
}
