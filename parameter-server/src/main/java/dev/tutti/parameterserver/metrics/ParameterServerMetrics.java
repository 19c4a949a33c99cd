package dev.tutti.parameterserver.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** What a parameter server counts, over all its shards. Thread-safe. */
public final class ParameterServerMetrics {
    /** At most; SLO buckets must be positive, so none and one come together. */
    private static final double[] STALENESS_BUCKETS = {1, 2, 4, 8, 16, 64};

    private final Counter updates;
    private final Counter skipped;
    private final Counter duplicates;
    private final Counter late;
    private final Counter heldBack;
    private final DistributionSummary staleness;
    private final Map<Refusal, Counter> refusals = new EnumMap<>(Refusal.class);
    private final Counter bytesReceived;
    private final Counter bytesSent;
    private final Timer checkpoints;

    public ParameterServerMetrics(MeterRegistry registry) {
        updates = Counter.builder("tutti.parameter.server.updates")
                .description("Optimizer updates of a chunk")
                .register(registry);
        skipped = Counter.builder("tutti.parameter.server.skipped.steps")
                .description("Steps of a shard that were skipped because a gradient overflowed in f16 somewhere")
                .register(registry);
        duplicates = Counter.builder("tutti.parameter.server.duplicates")
                .description("Gradients dropped because they had been taken in before")
                .register(registry);
        late = Counter.builder("tutti.parameter.server.late.gradients")
                .description("Gradients discarded because their step was complete without them")
                .register(registry);
        heldBack = Counter.builder("tutti.parameter.server.held.back")
                .description("Times a worker was sent nothing because it was too far ahead of the slowest")
                .register(registry);
        staleness = DistributionSummary.builder("tutti.parameter.server.staleness")
                .description(
                        "Updates a chunk had had since the parameters that a gradient is of; asynchronous jobs only")
                .serviceLevelObjectives(STALENESS_BUCKETS)
                .register(registry);
        for (Refusal reason : Refusal.values()) {
            refusals.put(
                    reason,
                    Counter.builder("tutti.parameter.server.refusals")
                            .description("Frames that were refused, of which nothing was applied, by the reason")
                            .tag("reason", reason.word())
                            .register(registry));
        }
        bytesReceived = Counter.builder("tutti.parameter.server.received")
                .baseUnit("bytes")
                .description("Gradients received")
                .register(registry);
        bytesSent = Counter.builder("tutti.parameter.server.sent")
                .baseUnit("bytes")
                .description("Parameters sent")
                .register(registry);
        checkpoints = Timer.builder("tutti.parameter.server.checkpoint")
                .description("Time to write and sync a shard's part of a checkpoint")
                .register(registry);
    }

    public void applied() {
        updates.increment();
    }

    /** A step was decided on all chunks of a shard. */
    public void decided(boolean skip, int chunks) {
        if (skip) {
            skipped.increment();
        } else {
            updates.increment(chunks);
        }
    }

    public void duplicate() {
        duplicates.increment();
    }

    public void late() {
        late.increment();
    }

    /** A worker begins to wait. */
    public void heldBack() {
        heldBack.increment();
    }

    public void stale(long updatesSince) {
        staleness.record((double) updatesSince);
    }

    public void refused(Refusal reason) {
        Objects.requireNonNull(refusals.get(reason)).increment();
    }

    public void received(long bytes) {
        bytesReceived.increment((double) bytes);
    }

    public void sent(long bytes) {
        bytesSent.increment((double) bytes);
    }

    public void checkpointWritten(Duration duration) {
        checkpoints.record(duration);
    }
}
