package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Model;
import dev.tutti.worker.data.DataException;
import dev.tutti.worker.data.DataShelf;
import dev.tutti.worker.data.MnistDownload;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JobStepTest {
    @Test
    void aStepToMeasureIsRefusedAsItsJobIs() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        Model.Builder model = spec.clearModel().getModelBuilder();
        model.addLayersBuilder().getFlattenBuilder();
        model.addLayersBuilder().getBatchNormBuilder();
        model.addLayersBuilder().getDenseBuilder().setUnits(10);
        spec.getClusterBuilder().setSlices(1);
        JobSpec job = JobSpecs.withDefaults(spec.build());
        assertThat(JobStep.of(job, Optional.of(5000), data()).batch()).isEqualTo(5000);
        assertThatThrownBy(() -> JobStep.of(job, Optional.of(1), data()))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("model.layers: batch-norm-1 needs more than one value a channel to train on");
    }

    private static JobData data() {
        return new JobData(Path.of("nowhere"), new MnistDownload(List.of()), new DataShelf());
    }
}
