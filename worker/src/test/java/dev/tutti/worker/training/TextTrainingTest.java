package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.WorkerFinished;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class TextTrainingTest {
    @TempDir
    Path folder;

    @Test
    void oneOrTwoWorkersTrainATransformerToTheSameBitsAndTheFirstWrites() throws Exception {
        JobSpec.Builder spec = SmallJob.text(folder.resolve("text.txt"), "transformer");
        spec.getModelBuilder().setWidth(8).setHeads(2).setDropout(0.2).setTied(true);
        spec.getDataBuilder().getSplitBuilder().setValidation(0.1);
        SmallJob job = new SmallJob(spec.build());
        // 684 of 760 characters are to train on: 85 windows of 8 with the character after each, 9 of them held out.
        assertThat(job.facts.getTrainSamples()).isEqualTo(76);
        assertThat(job.facts.getTrainLabels()).isEqualTo(76 * 8);
        assertThat(job.facts.getTestSamples()).isEqualTo(9);
        Set<String> digests = new HashSet<>();
        Set<String> samples = new HashSet<>();
        for (int workers : new int[] {1, 2}) {
            try (MemoryShards shards = job.shards(0.2f, true)) {
                List<RecordedReports> all = job.startAll(shards, 1, 0, workers);
                long tested = 0;
                for (RecordedReports reports : all) {
                    WorkerFinished finished = reports.finished.get();
                    digests.add(finished.getParametersSha256());
                    tested += finished.getTest().getLabels();
                    assertThat(finished.getTest().getLabels())
                            .isEqualTo(8 * finished.getTest().getSamples());
                }
                assertThat(tested).isEqualTo(9 * 8);
                assertThat(all.getFirst().epochs.getFirst().getTraining().getLabels())
                        .isEqualTo(76 * 8);
                samples.add(all.getFirst().finished.get().getSample());
                if (workers == 2) {
                    assertThat(all.getLast().finished.get().getSample()).isEmpty();
                }
            }
        }
        assertThat(digests).hasSize(1);
        assertThat(samples)
                .singleElement()
                .satisfies(sample -> assertThat(sample).hasSize(400).matches("[to bern\n]*"));
    }

    @Test
    void anLstmLearnsATextByHeartAndWritesIt() throws Exception {
        JobSpec.Builder spec = SmallJob.text(folder.resolve("text.txt"), "lstm");
        spec.getModelBuilder().addHidden(16);
        spec.getTrainingBuilder().setEpochs(60);
        SmallJob job = new SmallJob(spec.build());
        try (MemoryShards shards = job.shards(2f, true)) {
            RecordedReports reports = job.startAll(shards, 1, 0, 1).getFirst();
            WorkerFinished finished = reports.finished.get();

            List<Double> losses = new ArrayList<>();
            reports.epochs.forEach(part -> losses.add(
                    part.getTraining().getLossSum() / part.getTraining().getLabels()));
            assertThat(losses.getFirst()).isBetween(1.0, 2.5);
            assertThat(losses.getLast()).isLessThan(0.5);
            assertThat(finished.getTest().getLossSum() / finished.getTest().getLabels())
                    .isLessThan(0.5);
            assertThat(finished.getSample()).contains("to be or not to be\n");
        }
    }
}
