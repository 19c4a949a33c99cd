package dev.tutti.worker.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.proto.v1.InspectJob;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Layer;
import dev.tutti.proto.v1.Model;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.worker.data.DataShelf;
import dev.tutti.worker.data.MnistDownload;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models of texts, of which the text says how many tokens there are. */
class PlanTextJobTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    @Test
    void aVocabularySmallerThanItsTextIsFoundBeforeTraining() throws Exception {
        JobSpec.Builder spec = SmallJob.text(folder.resolve("text.txt"), "");
        Model.Builder model = spec.getModelBuilder().clearLayerCount();
        Layer.Builder concat = model.addLayersBuilder();
        for (int vocabulary : new int[] {8, 7}) {
            concat.getConcatBuilder()
                    .addBranchesBuilder()
                    .addLayersBuilder()
                    .getEmbeddingBuilder()
                    .setWidth(4)
                    .setVocabulary(vocabulary);
        }
        model.addLayersBuilder().getDenseBuilder().setUnits(8);
        assertThat(inspect(spec.build()).getError())
                .isEqualTo(
                        "model.layers[0].concat[1][0].embedding.vocabulary: expected at least the 8 different tokens of"
                                + " the text, got 7");
    }

    @Test
    void paddingIsOfTheVocabulary() throws Exception {
        JobSpec.Builder padded = SmallJob.text(folder.resolve("text.txt"), "transformer");
        padded.getModelBuilder().setPadding(8);
        assertThat(inspect(padded.build()).getError())
                .isEqualTo("model.padding: expected a token of the vocabulary, 0 to 7, got 8");
        padded.getModelBuilder().setVocabulary(9);
        assertThat(inspect(padded.build()).hasFacts()).isTrue();
    }

    @Test
    void aModelThatContradictsItsTextIsOneSentence() throws Exception {
        JobSpec.Builder mlp = SmallJob.text(folder.resolve("text.txt"), "mlp");
        mlp.getModelBuilder().clearLayerCount();
        assertThat(inspect(mlp.build()).getError())
                .isEqualTo("model.preset: expected lstm, transformer or layers that begin with an embedding for a text,"
                        + " got mlp");
        JobSpec.Builder few = SmallJob.text(folder.resolve("text.txt"), "transformer");
        few.getModelBuilder().setVocabulary(3);
        assertThat(inspect(few.build()).getError())
                .isEqualTo("model.vocabulary: expected at least the 8 different tokens of the text, got 3");
        few.getModelBuilder().setVocabulary(9);
        assertThat(inspect(few.build()).hasFacts()).isTrue();
        few.getModelBuilder().setTied(true);
        assertThat(inspect(few.build()).getError())
                .isEqualTo("model.vocabulary: expected the 8 different tokens of the text and no more with model.tied,"
                        + " which makes each row of the embedding a next token, got 9");
        JobSpec.Builder last = SmallJob.text(folder.resolve("text.txt"), "");
        last.getModelBuilder()
                .clearLayerCount()
                .addLayersBuilder()
                .getEmbeddingBuilder()
                .setWidth(4);
        last.getModelBuilder().addLayersBuilder().getLstmBuilder().setHidden(4);
        assertThat(inspect(last.build()).getError())
                .isEqualTo("model.layers: expected 8 numbers for each of a sample's 8 tokens, one for each token there"
                        + " is, from the last layer, got 4 numbers from lstm-1");
    }

    @Test
    void aTiedTableLargerThanItsTextIsNamed() throws Exception {
        JobSpec.Builder spec = SmallJob.text(folder.resolve("text.txt"), "");
        Model.Builder model = spec.getModelBuilder().clearLayerCount();
        model.addLayersBuilder().getEmbeddingBuilder().setWidth(4).setVocabulary(9);
        model.addLayersBuilder().getTiedDenseBuilder();
        assertThat(inspect(spec.build()).getError())
                .endsWith(
                        "from the last layer, got 8 times 9 numbers from tied-dense-1, which gives one for each row of"
                                + " the embedding: leave out its vocabulary, or set it to 8");
    }

    private JobInspected inspect(JobSpec spec) throws InterruptedException {
        return new PlanJob(
                        new JobData(folder, new MnistDownload(List.of()), new DataShelf()),
                        Backends.select("reference", 1))
                .inspect(InspectJob.newBuilder().setJob("job-1").setSpec(spec).build());
    }
}
