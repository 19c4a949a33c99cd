package dev.tutti.parameterserver.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** What a parameter server counts, over all its shards. Thread-safe. */
public final class ParameterServerMetrics {
    private final Counter updates;
    private final Counter duplicates;
    private final Counter fenced;
    private final Counter bytesReceived;
    private final Counter bytesSent;
    private final Timer checkpoints;

    public ParameterServerMetrics(MeterRegistry registry) {
        updates = Counter.builder("tutti.parameter.server.updates")
                .description("Optimizer updates of a chunk")
                .register(registry);
        duplicates = Counter.builder("tutti.parameter.server.duplicates")
                .description("Gradients dropped because they had been taken in before")
                .register(registry);
        fenced = Counter.builder("tutti.parameter.server.fenced")
                .description("Frames dropped because they were of another generation")
                .register(registry);
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

    public void duplicate() {
        duplicates.increment();
    }

    public void fenced() {
        fenced.increment();
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
