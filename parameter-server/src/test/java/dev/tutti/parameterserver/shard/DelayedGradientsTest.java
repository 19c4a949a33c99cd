package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.v1.Asynchronous;
import dev.tutti.proto.v1.DelayCompensation;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Gradients of parameters that others have changed since; rate 0.5, momentum 0.9. */
class DelayedGradientsTest {
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    @Test
    void aStaleGradientTakesAShorterStep() {
        try (Shard shard = shard(Asynchronous.newBuilder().setStalenessScaled(true))) {
            RecordingStream stream = opened(shard);
            float w = stream.parameters(0)[0];
            float v = 0;
            // Of staleness 0, 1, 2 and 3: the last two with a half and a third of the rate.
            float[] parts = {1, 1, 1f / 2, 1f / 3};
            for (int batch = 0; batch < parts.length; batch++) {
                shard.receive(stream, push(batch, 0, 1));
                v = 0.9f * v + 1;
                w -= parts[batch] * 0.5f * v;
                assertThat(stream.parameters(0)[0]).as("batch %d", batch).isEqualTo(w, within(1e-6f));
            }
            DistributionSummary staleness =
                    meters.get("tutti.parameter.server.staleness").summary();
            assertThat(staleness.count()).isEqualTo(4);
            assertThat(staleness.totalAmount()).isEqualTo(6);
        }
    }

    @Test
    void aCompensatedGradientKnowsWhatHasChanged() {
        try (Shard shard = shard(compensated(0.5, false))) {
            RecordingStream slow = opened(shard);
            RecordingStream fast = opened(shard);
            float sent = slow.parameters(0)[0];
            shard.receive(fast, push(0, 0, 2));
            float now = fast.parameters(0)[0];
            assertThat(now).isEqualTo(sent - 0.5f * 2, within(1e-6f));

            shard.receive(slow, push(1, 0, 3));

            float gradient = 3 + 0.5f * 3 * 3 * (now - sent);
            float velocity = 0.9f * 2 + gradient;
            assertThat(slow.parameters(0)[0]).isEqualTo(now - 0.5f * velocity, within(1e-6f));
        }
    }

    @Test
    void adaptiveCompensationIsRelativeToTheGradients() {
        try (Shard shard = shard(compensated(0.5, true))) {
            RecordingStream slow = opened(shard);
            RecordingStream fast = opened(shard);
            float sent = slow.parameters(0)[0];
            shard.receive(fast, push(0, 0, 2));
            float now = fast.parameters(0)[0];

            shard.receive(slow, push(1, 0, 3));

            double meanSquare = 0.95 * (0.05 * 4) + 0.05 * 9;
            double gradient = 3 + 0.5 / Math.sqrt(meanSquare + 1e-7) * 3 * 3 * (now - sent);
            double velocity = 0.9 * 2 + gradient;
            assertThat(slow.parameters(0)[0]).isEqualTo((float) (now - 0.5 * velocity), within(1e-5f));
        }
    }

    @Test
    void whatIsNotThereYetHasNoGradient() {
        try (Shard shard = shard(Asynchronous.newBuilder())) {
            RecordingStream stream = opened(shard);
            shard.receive(stream, push(0, 1, 1));

            assertThat(stream.refused).isEqualTo("A gradient of version 1 of chunk 0, which is at version 0");
        }
    }

    private static Asynchronous.Builder compensated(double lambda, boolean adaptive) {
        return Asynchronous.newBuilder()
                .setDelayCompensation(
                        DelayCompensation.newBuilder().setLambda(lambda).setAdaptive(adaptive));
    }

    private Shard shard(Asynchronous.Builder asynchronous) {
        ShardSettings settings = Jobs.settings(
                1,
                Path.of("unused"),
                job -> job.getTrainingBuilder().getConsistencyBuilder().setAsynchronous(asynchronous));
        Shard shard = new Shard(settings, new ParameterServerMetrics(meters), new RecordedCheckpoints());
        shard.fence(1);
        return shard;
    }

    /** A stream that has all parameters. */
    private static RecordingStream opened(Shard shard) {
        RecordingStream stream = new RecordingStream();
        shard.open(stream, Jobs.open(1, 0));
        shard.receive(
                stream,
                new ExchangeFrame(Jobs.header(1)
                        .setPull(dev.tutti.proto.v1.Pull.getDefaultInstance())
                        .build()));
        return stream;
    }

    private static ExchangeFrame push(int batch, long basedOn, float value) {
        ExchangeFrame frame = Jobs.batch(0, 0, batch, 1, Jobs.constant(16, value));
        FrameHeader.Builder header = frame.header().toBuilder();
        header.getPushBuilder().setBasedOn(basedOn);
        return new ExchangeFrame(header.build(), frame.payload());
    }
}
