package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.InspectJob;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.worker.data.DataShelf;
import dev.tutti.worker.data.MnistDownload;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A text of few tokens in a table of many, with the rows that a step touches on the wire and with all of them. */
@Timeout(120)
class SparseTrainingTest {
    @TempDir
    Path folder;

    @Test
    void sparseAndDenseTablesEndWithTheSameBitsWhateverTheWorkersAndShards() throws Exception {
        Set<String> digests = new HashSet<>();
        for (boolean sparse : new boolean[] {false, true}) {
            SmallJob job = new SmallJob(spec(sparse).build());
            assertThat(table(job).getRowWidth()).isEqualTo(sparse ? 8 : 0);
            for (int workers : new int[] {1, 2}) {
                for (int shards : new int[] {1, 2, 3}) {
                    digests.addAll(digests(job, workers, shards, 0.2f));
                }
            }
        }
        assertThat(digests).hasSize(1);
    }

    /** The slices' own optimizer leaves alone what a slice does not touch; where it has gone ahead, only rows come back. */
    @Test
    void roundsEndWithTheSameBitsWhateverTheWorkers() throws Exception {
        for (int fragments : new int[] {1, 2}) {
            JobSpec.Builder spec = spec(true);
            spec.getTrainingBuilder()
                    .getConsistencyBuilder()
                    .getLocalBuilder()
                    .setSteps(4)
                    .setFragments(fragments);
            spec.getTrainingBuilder().getOptimizerBuilder().getAdamBuilder();
            SmallJob job = new SmallJob(spec.build());
            Set<String> digests = new HashSet<>();
            for (int workers : new int[] {1, 2}) {
                digests.addAll(digests(job, workers, 2, 0.5f));
            }
            assertThat(digests).hasSize(1);
        }
    }

    @Test
    void imagesHaveNoTableToBeSparse() throws Exception {
        JobSpec.Builder spec = SmallJob.spec();
        spec.getModelBuilder().clear().setPreset("transformer").setSparse(true);
        JobData data = new JobData(folder, new MnistDownload(List.of()), new DataShelf());

        assertThat(new PlanJob(data, Backends.select("reference", 1))
                        .inspect(InspectJob.newBuilder()
                                .setJob("job-1")
                                .setSpec(JobSpecs.withDefaults(spec.build()))
                                .build())
                        .getError())
                .isEqualTo(
                        "model.sparse: expected none for images, whose rows are the transformer's times and no tokens");
    }

    private static Set<String> digests(SmallJob job, int workers, int shardCount, float rate) throws Exception {
        Set<String> digests = new HashSet<>();
        try (MemoryShards shards = job.shards(rate, true, shardCount)) {
            for (RecordedReports reports : job.startAll(shards, 1, 0, workers)) {
                digests.add(reports.finished.get().getParametersSha256());
            }
        }
        return digests;
    }

    private static TensorPlacement table(SmallJob job) {
        return job.facts.getTensorsList().getFirst();
    }

    private JobSpec.Builder spec(boolean sparse) throws Exception {
        JobSpec.Builder spec = SmallJob.text(folder.resolve("text.txt"), "transformer");
        spec.getModelBuilder().setWidth(8).setHeads(2).setVocabulary(400).setSparse(sparse);
        spec.getDataBuilder().getSplitBuilder().setValidation(0.1);
        return spec;
    }
}
