package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.worker.data.Batch;
import dev.tutti.worker.data.BatchPrefetcher;
import dev.tutti.worker.data.BatchRange;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
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

            assertThat(program.run(1, new RunPlace(1, 0, 4, 4), ready::add)).isFinite();
            assertThat(ready).hasSize(6);

            ready.clear();
            MemorySegment parameters = model.buffers().parameters();
            parameters.set(ValueLayout.JAVA_FLOAT, parameters.byteSize() - Float.BYTES, Float.NaN);
            assertThat(program.run(1, new RunPlace(1, 0, 4, 4), ready::add)).isNaN();
            assertThat(ready).isEmpty();
        }
    }

    @Test
    void aRowLosesTheSameValuesInWhateverRunItIs() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getModelBuilder().clearPreset().clearHidden();
        spec.getModelBuilder().addLayersBuilder().getFlattenBuilder();
        spec.getModelBuilder().addLayersBuilder().getDropoutBuilder().setRate(0.5);
        spec.getModelBuilder().addLayersBuilder().getDenseBuilder().setUnits(10);
        SmallJob job = new SmallJob(spec.build());
        PreparedJob prepared = job.surroundings.data().prepare("job-1", job.spec, SmallJob.SLICES);
        try (CompiledModel model = new CompiledModel(prepared, job.surroundings.backend());
                BatchPrefetcher prefetcher = new BatchPrefetcher(
                        prepared.layout(prepared.data().train()), prepared.order(), 6, "prefetch-test")) {
            MemorySegment parameters = model.buffers().parameters();
            for (long i = 0; i < parameters.byteSize() / Float.BYTES; i++) {
                parameters.setAtIndex(ValueLayout.JAVA_FLOAT, i, (i % 11 - 5) / 50f);
            }
            prefetcher.request(new BatchRange(0, 0, 6));
            Batch batch = prefetcher.take();

            float whole = loss(model.training(6), batch, 0, new RunPlace(4, 0, 6, 6));
            float parts = loss(model.training(2), batch, 0, new RunPlace(4, 0, 6, 6))
                    + loss(model.training(4), batch, 2, new RunPlace(4, 2, 6, 6));

            assertThat(parts).isCloseTo(whole, offset(1e-4f));
            assertThat(loss(model.training(6), batch, 0, new RunPlace(5, 0, 6, 6)))
                    .isNotCloseTo(whole, offset(1e-2f));
        }
    }

    private static float loss(TrainingProgram program, Batch batch, int firstRow, RunPlace place) {
        program.load(batch, firstRow);
        return program.run(1, place, _ -> {});
    }
}
