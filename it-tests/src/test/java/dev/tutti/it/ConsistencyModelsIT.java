package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every consistency model learns the real digits as well as synchronous training does, and local training does so with a fraction of the bytes. A cluster of processes
 * trains one job after the other, all of them mnist-mlp.yaml with another optimizer, consistency and number of workers. Needs TUTTI_DATA, a folder with mnist in it.
 */
class ConsistencyModelsIT {
    private static final int MOST_WORKERS = 4;

    /** Without momentum, so that what is a few updates old still points downhill: docs/consistency.md. */
    private static final String SGD = "{sgd: {rate: 0.1}}";

    private static final String ADAM = "{adam: {rate: 0.001}}";
    private static final String LOCAL = "{local: {steps: 50, outer: {rate: 0.5, momentum: 0.8}}}";
    private static final Run SYNCHRONOUS = new Run("synchronous", 2, SGD, 10);

    private static final Map<Run, Trained> DONE = new HashMap<>();
    private static TuttiProcesses processes;
    private static HandStartedCluster cluster;

    record Run(String consistency, int workers, String optimizer, int epochs) {
        @Override
        public String toString() {
            return "%s, %d workers, %s, %d epochs".formatted(consistency, workers, optimizer, epochs);
        }
    }

    /** @param bytesPerSample that the parameter server counted, both directions */
    private record Trained(double accuracy, double bytesPerSample) {}

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        processes = new TuttiProcesses(folder);
        Path data = Skips.unlessThereIsMnist();
        cluster = new HandStartedCluster(processes, folder, 1, MOST_WORKERS, Map.of("data.folder", data.toString()));
    }

    @AfterAll
    static void close() {
        processes.close();
    }

    static Stream<Run> models() {
        return IntStream.of(2, MOST_WORKERS)
                .boxed()
                .flatMap(workers -> Stream.of(
                        model("{synchronous: {backup-workers: 1}}", workers),
                        model("{bounded-staleness: 3}", workers),
                        model("asynchronous", workers),
                        // The rate is divided by the staleness, about one less than there are workers.
                        new Run(
                                "{asynchronous: {staleness-scaled: true}}",
                                workers,
                                "{sgd: {rate: %s}}".formatted((workers - 1) / 10.0),
                                SYNCHRONOUS.epochs()),
                        model("{asynchronous: {delay-compensation: {lambda: 0.04}}}", workers),
                        model(LOCAL, workers)));
    }

    private static Run model(String consistency, int workers) {
        return new Run(consistency, workers, SGD, SYNCHRONOUS.epochs());
    }

    @ParameterizedTest
    @MethodSource("models")
    void learnsAsMuchAsSynchronousTraining(Run model) throws Exception {
        double synchronous = trained(SYNCHRONOUS).accuracy();

        assertThat(trained(model).accuracy()).isGreaterThanOrEqualTo(synchronous - 0.005);
    }

    /** Both jobs have the same bits in every run. */
    @Test
    void localTrainingMovesAFortiethOfTheBytes() throws Exception {
        Trained synchronous = trained(new Run("synchronous", 2, ADAM, 3));
        Trained local = trained(new Run(LOCAL, 2, ADAM, 3));

        assertThat(local.accuracy()).isCloseTo(synchronous.accuracy(), within(0.003));
        assertThat(local.bytesPerSample()).isPositive().isLessThanOrEqualTo(synchronous.bytesPerSample() / 40);
    }

    /** Each job once. */
    private static Trained trained(Run run) throws Exception {
        Trained known = DONE.get(run);
        if (known != null) {
            return known;
        }
        Trained trained = train(run);
        System.out.println(run + ": " + trained);
        DONE.put(run, trained);
        return trained;
    }

    private static Trained train(Run run) throws Exception {
        long before = bytes();
        JsonNode result = cluster.result(cluster.submit(
                Distribution.root().resolve("examples/mnist-mlp.yaml"),
                "--set",
                "training.consistency=" + run.consistency(),
                "--set",
                "training.optimizer=" + run.optimizer(),
                "--set",
                "training.epochs=" + run.epochs(),
                "--set",
                "cluster.workers={min: %1$d, max: %1$d}".formatted(run.workers())));
        assertThat(result.path("workers").asInt()).isEqualTo(run.workers());
        assertThat(result.path("test").path("samples").asInt()).isEqualTo(10_000);
        return new Trained(
                result.path("test").path("accuracy").asDouble(),
                (double) (bytes() - before) / result.path("samples").asLong());
    }

    private static long bytes() throws Exception {
        TuttiProcess server = cluster.parameterServers().getFirst();
        return server.counted("tutti_parameter_server_received_bytes_total")
                + server.counted("tutti_parameter_server_sent_bytes_total");
    }
}
