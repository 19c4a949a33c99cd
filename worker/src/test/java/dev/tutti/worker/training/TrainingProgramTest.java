package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingProgramTest {
    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void noGradientLeavesWhenTheLossIsNotFinite(String backend) throws Exception {
        SmallJob job = new SmallJob(SmallJob.spec().build(), backend);
        PreparedJob prepared = job.surroundings.data().prepare("job-1", job.spec, SmallJob.SLICES);
        try (CompiledModel model = new CompiledModel(prepared, job.surroundings.backend())) {
            TrainingProgram program = model.training(4);
            List<Integer> ready = new ArrayList<>();

            assertThat(program.run(1, 4, ready::add)).isFinite();
            assertThat(ready).hasSize(6);

            ready.clear();
            MemorySegment parameters = model.buffers().parameters();
            parameters.set(ValueLayout.JAVA_FLOAT, parameters.byteSize() - Float.BYTES, Float.NaN);
            assertThat(program.run(1, 4, ready::add)).isNaN();
            assertThat(ready).isEmpty();
        }
    }
}
