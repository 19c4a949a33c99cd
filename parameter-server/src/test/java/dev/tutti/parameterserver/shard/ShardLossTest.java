package dev.tutti.parameterserver.shard;

import static dev.tutti.parameterserver.shard.Jobs.constant;
import static dev.tutti.parameterserver.shard.Jobs.lost;
import static dev.tutti.parameterserver.shard.Jobs.open;
import static dev.tutti.parameterserver.shard.Jobs.push;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.v1.Chunk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The training loss of an epoch, which lives with the first chunk. */
class ShardLossTest {
    private final RecordingStream stream = new RecordingStream();
    private final Shard shard = new Shard(
            Jobs.synchronous(2, Path.of("unused")),
            new ParameterServerMetrics(new SimpleMeterRegistry()),
            new RecordedCheckpoints());

    @BeforeEach
    void start() {
        shard.fence(1);
        shard.open(stream, open(1, 0));
    }

    @AfterEach
    void free() {
        shard.close();
    }

    @Test
    void lossesAddUpOverSlicesAndSteps() {
        shard.receive(stream, lost(1, 1, 1, 0.5f));
        shard.receive(stream, lost(1, 1, 0, 0.25f));
        others(1, 1);
        shard.receive(stream, lost(1, 2, 0, 1f, 2f));

        assertThat(firstChunk().getEpochLossSum()).isEqualTo(3.75);
        assertThat(firstChunk().getEpochSamples()).isEqualTo(8);
    }

    @Test
    void whatIsPushedTwiceCountsOnce() {
        shard.receive(stream, lost(1, 1, 1, 0.5f));
        shard.receive(stream, lost(1, 1, 1, 0.5f));
        shard.receive(stream, lost(1, 1, 0, 0.25f, 0.5f));
        shard.receive(stream, lost(1, 1, 0, 0.25f, 0.5f));

        assertThat(firstChunk().getEpochLossSum()).isEqualTo(0.75);
        assertThat(firstChunk().getEpochSamples()).isEqualTo(4);
    }

    @Test
    void aStepThatAGenerationLeftOpenIsCountedAsTheNextOneComputesIt() {
        shard.receive(stream, lost(1, 1, 0, 0.25f));
        shard.fence(2);
        shard.open(stream, open(2, 0));
        shard.receive(stream, lost(2, 1, 1, 0.5f));
        shard.receive(stream, lost(2, 1, 0, 0.25f));

        assertThat(firstChunk().getEpochLossSum()).isEqualTo(0.75);
        assertThat(firstChunk().getEpochSamples()).isEqualTo(4);
    }

    @Test
    void aChunkThatIsAheadIsFirstSentWithTheLossOfTheVersionBefore() {
        shard.receive(stream, lost(1, 1, 0, 0.25f, 0.5f));
        others(1, 1);
        shard.receive(stream, lost(1, 2, 0, 1f, 2f));
        shard.fence(2);
        shard.open(stream, open(2, 1));
        assertThat(firstChunk().getEpochLossSum()).isEqualTo(0.75);

        shard.receive(stream, lost(2, 2, 0, 1f, 2f));
        assertThat(firstChunk().getEpochLossSum()).isEqualTo(3.75);
        assertThat(firstChunk().getEpochSamples()).isEqualTo(8);
    }

    @Test
    void theNextEpochBeginsWithNothing() {
        for (int step = 1; step <= Jobs.STEPS; step++) {
            shard.receive(stream, lost(1, step, 0, 1f, 2f));
            others(1, step);
        }
        assertThat(firstChunk().getEpochLossSum()).isEqualTo(3.0 * Jobs.STEPS);
        shard.receive(stream, lost(1, Jobs.STEPS + 1, 0, 0.25f, 0.5f));

        assertThat(firstChunk().getEpochLossSum()).isEqualTo(0.75);
        assertThat(firstChunk().getEpochSamples()).isEqualTo(4);
    }

    @Test
    void samplesOfPushesThatTellNoLossAreMissing() {
        shard.receive(stream, lost(1, 1, 0, 0.25f));
        shard.receive(stream, push(1, 1, 0, 1, 2, constant(16, 0)));

        assertThat(firstChunk().getEpochSamples()).isEqualTo(2);
    }

    /** The other two chunks take the step, too. */
    private void others(long generation, long step) {
        shard.receive(stream, push(generation, step, 1, 0, 2, constant(16, 0)));
        shard.receive(stream, push(generation, step, 2, 0, 2, constant(15, 0)));
    }

    /** As it came last. */
    private Chunk firstChunk() {
        return stream.received.stream()
                .map(frame -> frame.header().getChunk())
                .filter(chunk -> chunk.getChunk() == 0)
                .reduce((_, last) -> last)
                .orElseThrow();
    }
}
