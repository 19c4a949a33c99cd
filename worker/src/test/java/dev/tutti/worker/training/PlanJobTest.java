package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.InspectJob;
import dev.tutti.proto.v1.JobFacts;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Loss;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.worker.data.DataShelf;
import dev.tutti.worker.data.MnistDownload;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanJobTest {
    @TempDir
    Path folder;

    @Test
    void factsAreThoseOfDataAndModel() throws Exception {
        JobFacts facts = inspect(SmallJob.spec().build()).getFacts();

        assertThat(facts.getTrainSamples()).isEqualTo(164);
        assertThat(facts.getValidationSamples()).isEqualTo(36);
        assertThat(facts.getTestSamples()).isEqualTo(60);
        assertThat(facts.getTensorsList())
                .extracting(TensorPlacement::getName)
                .containsExactly(
                        "dense-1.weight",
                        "dense-1.bias",
                        "dense-2.weight",
                        "dense-2.bias",
                        "dense-3.weight",
                        "dense-3.bias");
        assertThat(facts.getTensors(0).getShapeList()).containsExactly(12, 784);
        assertThat(facts.getParameterCount()).isEqualTo(785 * 12 + 13 * 9 + 10 * 10);
        assertThat(facts.getTensors(0).getInitializer().getUniformBound()).isEqualTo((float) (1 / Math.sqrt(784)));
    }

    @Test
    void aBatchLargerThanTheTrainingDataIsOneSentence() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().setBatch(165);

        assertThat(inspect(spec.build()).getError())
                .isEqualTo("training.batch: expected at most the 164 training samples there are (36 of the source's 200"
                        + " are held out for validation), got 165");
    }

    @Test
    void missingFilesAreOneSentence() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getDataBuilder().getSourceBuilder().setName("mnist");

        assertThat(inspect(spec.build()).getError())
                .startsWith("mnist is missing")
                .contains("TUTTI_DATA")
                .doesNotContain("\n");
    }

    @Test
    void dataThatDoesNotFitIntoMemoryIsOneSentence() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getDataBuilder().getSourceBuilder().getDigitsBuilder().setTrain(Integer.MAX_VALUE);

        assertThat(inspect(spec.build()).getError()).startsWith("the data does not fit into this worker's memory of");
    }

    @Test
    void meanSquaredErrorIsPlannedToo() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getTrainingBuilder().setLoss(Loss.LOSS_MSE);

        assertThat(inspect(spec.build()).hasFacts()).isTrue();
    }

    @Test
    void transformsFollowEachOther() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getDataBuilder()
                .addTransformsBuilder()
                .getNormalizeBuilder()
                .setMean(0.5)
                .setStd(0.25);
        spec.getDataBuilder()
                .addTransformsBuilder()
                .getNormalizeBuilder()
                .setMean(1)
                .setStd(2);

        var scale = PreparedJob.scale(spec.getData());

        // ((x − 0.5) / 0.25 − 1) / 2 = (x − 0.75) / 0.5
        assertThat(scale.mean()).isEqualTo(0.75);
        assertThat(scale.std()).isEqualTo(0.5);
    }

    private JobInspected inspect(JobSpec spec) throws InterruptedException {
        return new PlanJob(new JobData(folder, new MnistDownload(List.of()), new DataShelf()))
                .inspect(InspectJob.newBuilder().setJob("job-1").setSpec(spec).build());
    }
}
