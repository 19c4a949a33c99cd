package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A job with a sparse embedding through whole processes: what it ends with, what it moves, and what is in its checkpoint. */
class SparseEmbeddingIT extends WithProcesses {
    private static final int SYMBOLS = 2000;
    private static final int LENGTH = 12_000;
    private static final int FIRST_SYMBOL = 0x4e00;

    @Test
    void aKilledWorkerCostsNoBitAndTheCheckpointHoldsTheWholeTable() throws Exception {
        Path job = job("{adam: {rate: 0.01}}", true);
        JsonNode undisturbed = inOneProcess(job);
        HandStartedCluster cluster = new HandStartedCluster(processes, folder, 2, 2);

        String id = cluster.submit(job);
        try (Jobs jobs = new Jobs(cluster.coordinator().grpcAddress())) {
            jobs.awaitStep(id, 60);
        }
        cluster.workers().getFirst().kill();
        JsonNode hit = cluster.result(id);

        assertThat(hit.path("generations").asInt()).isGreaterThan(1);
        assertThat(sha256(hit)).isEqualTo(sha256(undisturbed));
        Path exported = folder.resolve("exported.safetensors");
        TuttiProcess.Ended export =
                processes.run("checkpoints", "export", hit.path("checkpoint").asText(), "--to", exported.toString());
        assertThat(export.exitCode()).as(export.err()).isZero();
        assertThat(SafeTensorsFile.sha256OfTensorsByName(exported)).isEqualTo(sha256(hit));
    }

    @Test
    void plainSgdEndsWithTheBitsOfADenseEmbeddingAndMovesAFractionOfItsBytes() throws Exception {
        HandStartedCluster cluster = new HandStartedCluster(processes, folder, 2, 2);

        JsonNode dense = cluster.result(cluster.submit(job("{sgd: {rate: 0.1}}", false)));
        long densePushed = received(cluster);
        JsonNode sparse = cluster.result(cluster.submit(job("{sgd: {rate: 0.1}}", true)));
        long sparsePushed = received(cluster) - densePushed;

        assertThat(sha256(sparse)).isEqualTo(sha256(dense));
        // A step has 256 tokens, so at most as many of 2,000 rows.
        assertThat(sparsePushed).isPositive().isLessThan(densePushed / 2);
    }

    private JsonNode inOneProcess(Path job) {
        TuttiProcess.Ended ended =
                processes.run("train", job.toString(), "-o", "json", "--workers", "1", "--parameter-servers", "1");
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        return ended.json();
    }

    private Path job(String optimizer, boolean sparse) throws Exception {
        return JobFiles.write(folder, """
            name: rows
            seed: 3
            model:
              layers:
                - embedding: {width: 64, sparse: %s}
                - lstm: {hidden: 16, sequences: true}
                - dense: %d
            data:
              source: {text: {path: "%s", context: 16}}
            training:
              epochs: 12
              batch: 16
              loss: cross-entropy
              optimizer: %s
            cluster:
              workers: {min: 1, max: 2}
              parameter-servers: 2
              slices: 2
            """.formatted(sparse, SYMBOLS, text(), optimizer));
    }

    /** Small numbers are frequent, as words are. */
    private Path text() throws Exception {
        Random random = new Random(5);
        StringBuilder text = new StringBuilder();
        for (int symbol = 0; symbol < SYMBOLS; symbol++) {
            text.appendCodePoint(FIRST_SYMBOL + symbol);
        }
        for (int i = SYMBOLS; i < LENGTH; i++) {
            double uniform = random.nextDouble();
            text.appendCodePoint(FIRST_SYMBOL + (int) (SYMBOLS * uniform * uniform * uniform));
        }
        return Files.writeString(folder.resolve("symbols.txt"), text);
    }

    private static long received(HandStartedCluster cluster) throws Exception {
        long bytes = 0;
        for (TuttiProcess server : cluster.parameterServers()) {
            bytes += server.counted("tutti_parameter_server_received_bytes_total");
        }
        return bytes;
    }

    private static String sha256(JsonNode result) {
        assertThat(result.path("parameters_sha256").asText()).matches("[0-9a-f]{64}");
        return result.path("parameters_sha256").asText();
    }
}
