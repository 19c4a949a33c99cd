package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.v1.Initializer;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Sgd;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.ShardMaps;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Sixty-four workers with a slice each, and one chunk of a MiB. */
class EarlyPushesTest {
    private static final int WORKERS = 64;
    private static final int ELEMENTS = 256 << 10;
    /** The first of a chunk, and 16 MiB. */
    private static final int KEPT_SUMS = 17;

    private final Shard shard = shard();
    private final List<RecordingStream> streams =
            Stream.generate(RecordingStream::new).limit(WORKERS).toList();

    @AfterEach
    void free() {
        shard.close();
    }

    @Test
    void gradientsThatAreFarAheadAreTakenInOnceThoseBeforeThemAre() {
        openAll();
        int takenIn = 0;
        for (int worker = 1; worker < WORKERS; worker += 2) {
            takenIn += push(worker) ? 1 : 0;
        }
        assertThat(takenIn).isEqualTo(KEPT_SUMS);

        for (int worker = 0; worker < WORKERS; worker += 2) {
            assertThat(push(worker)).as("worker %d, whose turn it is", worker).isTrue();
        }
        assertThat(shard.completeStep()).isEqualTo(1);
        assertThat(takenLater()).isEqualTo(WORKERS / 2 - KEPT_SUMS);
        assertThat(streams.getFirst().parameters(0)).containsExactly(inOrder());
    }

    @Test
    void inWhateverOrderTheyComeTheBitsAreTheSame() {
        float[] expected = inOrder();
        for (int seed = 0; seed < 5; seed++) {
            List<Integer> order =
                    new ArrayList<>(IntStream.range(0, WORKERS).boxed().toList());
            Collections.shuffle(order, new Random(seed));
            try (Shard other = shard()) {
                RecordingStream stream = new RecordingStream();
                other.open(stream, Jobs.open(1, 0));
                order.forEach(worker -> other.receive(stream, gradient(worker)));
                assertThat(stream.parameters(0)).as("seed %d", seed).containsExactly(expected);
            }
        }
    }

    @Test
    void aNewGenerationForgetsThemAndLetsTheirStreamsGoOn() {
        openAll();
        pushEverySecond();
        shard.fence(2);
        assertThat(takenLater()).isEqualTo(WORKERS / 2 - KEPT_SUMS);
        assertThat(shard.completeStep()).isZero();
    }

    @Test
    void aWorkerThatLeavesTakesItsGradientsAlong() {
        openAll();
        pushEverySecond();
        RecordingStream last = streams.getLast();
        shard.left(last);
        assertThat(last.takenLater).isEqualTo(1);
        for (int worker = 0; worker < WORKERS; worker += 2) {
            push(worker);
        }
        assertThat(shard.completeStep()).isZero();
    }

    private void openAll() {
        streams.forEach(stream -> shard.open(stream, Jobs.open(1, 0)));
    }

    private void pushEverySecond() {
        for (int worker = 1; worker < WORKERS; worker += 2) {
            push(worker);
        }
    }

    private boolean push(int worker) {
        return shard.receive(streams.get(worker), gradient(worker));
    }

    private int takenLater() {
        return streams.stream().mapToInt(stream -> stream.takenLater).sum();
    }

    private static ExchangeFrame gradient(int worker) {
        return Jobs.push(1, 1, 0, worker, worker + 1, Jobs.constant(ELEMENTS, 1f / (worker + 3)));
    }

    /** The parameters after a step whose gradients came in the order of their slices. */
    private static float[] inOrder() {
        try (Shard other = shard()) {
            RecordingStream stream = new RecordingStream();
            other.open(stream, Jobs.open(1, 0));
            for (int worker = 0; worker < WORKERS; worker++) {
                assertThat(other.receive(stream, gradient(worker))).isTrue();
            }
            return stream.parameters(0);
        }
    }

    private static Shard shard() {
        JobSpec.Builder spec = JobSpec.newBuilder().setSeed(42);
        spec.getTrainingBuilder().getConsistencyBuilder().getSynchronousBuilder();
        spec.getTrainingBuilder().getOptimizerBuilder().setSgd(Sgd.newBuilder().setRate(0.5));
        TensorPlacement weight = TensorPlacement.newBuilder()
                .setName("weight")
                .addShape(ELEMENTS)
                .setInitializer(Initializer.newBuilder().setUniformBound(0.25))
                .build();
        ShardSettings settings = new ShardSettings(
                Jobs.JOB,
                spec.build(),
                ShardMaps.plan(List.of(weight), List.of(new ShardMaps.Server("server", "127.0.0.1:1", "")), ELEMENTS),
                0,
                WORKERS,
                Jobs.STEPS,
                Path.of("unused"));
        Shard shard =
                new Shard(settings, new ParameterServerMetrics(new SimpleMeterRegistry()), new RecordedCheckpoints());
        shard.fence(1);
        return shard;
    }
}
