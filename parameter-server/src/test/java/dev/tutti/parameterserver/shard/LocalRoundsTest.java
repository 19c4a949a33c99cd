package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What the slices of a local job went comes as gradients; rate 0.5, momentum 0.75. */
class LocalRoundsTest {
    @Test
    void aRoundIsOneStepOfTheOuterOptimizerWhateverComesTwice() {
        ShardSettings settings = Jobs.local(2, Path.of("unused"));
        ParameterServerMetrics metrics = new ParameterServerMetrics(new SimpleMeterRegistry());
        try (Shard shard = new Shard(settings, metrics, new RecordedCheckpoints())) {
            RecordingStream stream = new RecordingStream();
            shard.fence(1);
            shard.open(stream, Jobs.open(1, 0));
            float w = stream.parameters(0)[0];
            float v = 0;
            for (int round = 1; round <= 4; round++) {
                for (int slice = 0; slice < 2; slice++) {
                    float difference = round + 2 * slice;
                    shard.receive(stream, Jobs.push(1, round, 0, slice, slice + 1, Jobs.constant(16, difference / 2)));
                    shard.receive(stream, Jobs.push(1, round, 0, slice, slice + 1, Jobs.constant(16, difference / 2)));
                }
                Jobs.completeOtherChunks(shard, stream, round, 2);
                float mean = round + 1;
                v = 0.75f * v + mean;
                w -= 0.5f * (mean + 0.75f * v);
                assertThat(stream.parameters(0)[0]).as("round %d", round).isEqualTo(w, within(1e-5f));
                assertThat(shard.completeStep()).isEqualTo(round);
            }
        }
    }

    @Test
    void checkpointsComeWithTheRoundThatCompletesTheirSteps() {
        ShardSettings settings = Jobs.local(2, Path.of("unused"));

        // Every 2 steps is every round of 10; the last round is always written.
        assertThat(settings.isCheckpointDue(1)).isTrue();
        assertThat(settings.isCheckpointDue(Jobs.STEPS)).isTrue();
    }
}
