package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.ShardMaps;
import java.nio.file.Path;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What travels between workers and a parameter server, as its metrics count it, beside what docs/consistency.md says it is. */
class WireBytesIT {
    /** Of mnist-mlp.yaml. */
    private static final int PARAMETERS = 784 * 256 + 256 + 256 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10;

    private static final ChunkGrid CHUNKS = new ChunkGrid(0, PARAMETERS, ShardMaps.defaultChunkElements(PARAMETERS));

    @TempDir
    Path folder;

    @Test
    void gradientsOfInt8TakeAByteAnElementAndAScaleForEach256() throws Exception {
        assertBytes("int8", elements -> elements + Float.BYTES * Math.ceilDiv(elements, 256L));
    }

    @Test
    void gradientsOfTopKTakeEightBytesForEachThatTravels() throws Exception {
        assertBytes(
                "{top-k: 0.01}",
                elements -> Integer.BYTES + (Integer.BYTES + Float.BYTES) * (long) Math.ceil(0.01 * elements));
    }

    /** @param chunkBytes of a chunk of so many elements */
    private void assertBytes(String gradients, IntToLongFunction chunkBytes) throws Exception {
        int workers = 2;
        try (TuttiProcesses processes = new TuttiProcesses(folder)) {
            HandStartedCluster cluster = new HandStartedCluster(processes, folder, 1, workers);

            long steps = train(cluster, workers, gradients).path("steps").asLong();

            long pushBytes = IntStream.range(0, CHUNKS.chunkCount())
                    .mapToLong(chunk -> chunkBytes.applyAsLong(CHUNKS.elementCount(chunk)))
                    .sum();
            TuttiProcess server = cluster.parameterServers().getFirst();
            assertThat(steps).isEqualTo(2 * Math.ceilDiv(3600L, 128L));
            assertThat(server.counted("tutti_parameter_server_received_bytes_total"))
                    .as("gradients: one of each worker a step")
                    .isEqualTo(workers * steps * pushBytes);
            assertThat(server.counted("tutti_parameter_server_sent_bytes_total"))
                    .as("parameters in f32: the first, and after each step")
                    .isEqualTo(workers * (steps + 1) * PARAMETERS * Float.BYTES);
            assertThat(server.counted("tutti_parameter_server_refusals_total")).isZero();
        }
    }

    private static JsonNode train(HandStartedCluster cluster, int workers, String gradients) {
        return cluster.result(cluster.submit(
                Distribution.root().resolve("examples/mnist-mlp.yaml"),
                "--set",
                "data.source={digits: {train: 4000, test: 500}}",
                "--set",
                "training.epochs=2",
                "--set",
                "training.exchange.gradients=" + gradients,
                "--set",
                "cluster.workers={min: " + workers + ", max: " + workers + "}"));
    }
}
