package dev.tutti.worker.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;

/** The worker's meters; all begin with {@code tutti_worker_}. Thread-safe. */
public final class WorkerMetrics {
    private final Counter samples;
    private final Counter steps;
    private final Counter skippedSteps;
    private final Counter generations;
    private final Counter staleMessages;
    private final Timer data;
    private final Timer forwardBackward;
    private final Timer exchangeWait;
    private final Timer exposedCommunication;
    private final Timer evaluation;
    private final MeterRegistry meters;
    private volatile double loss = Double.NaN;

    public WorkerMetrics(MeterRegistry meters) {
        this.meters = meters;
        this.samples = Counter.builder("tutti.worker.samples")
                .description("Samples trained on")
                .register(meters);
        this.steps = Counter.builder("tutti.worker.steps")
                .description("Steps completed on all shards")
                .register(meters);
        this.skippedSteps = Counter.builder("tutti.worker.skipped.steps")
                .description("Steps skipped because a gradient overflowed in f16")
                .register(meters);
        this.generations = Counter.builder("tutti.worker.generations")
                .description("Generations of jobs started")
                .register(meters);
        this.staleMessages = Counter.builder("tutti.worker.stale.messages")
                .description("Control messages dropped because they were of an old coordinator, job or generation")
                .register(meters);
        this.data = phase("data");
        this.forwardBackward = phase("forward_backward");
        this.exchangeWait = phase("exchange_wait");
        this.exposedCommunication = Timer.builder("tutti.worker.exposed.communication")
                .description("Of a step, the time in which the worker could do nothing but wait for parameter servers")
                .register(meters);
        this.evaluation = Timer.builder("tutti.worker.evaluation")
                .description("Evaluating a share of validation or test data")
                .register(meters);
        Gauge.builder("tutti.worker.loss", this, metrics -> metrics.loss)
                .description("Mean training loss per sample since the last report")
                .register(meters);
    }

    private Timer phase(String phase) {
        return Timer.builder("tutti.worker.step")
                .description("Time of a step, by phase")
                .tag("phase", phase)
                .register(meters);
    }

    /** A step, or a leased batch, or a local step, is complete. Durations in nanoseconds. */
    public void stepDone(int rows, long dataNanos, long computeNanos, long waitNanos) {
        steps.increment();
        samples.increment(rows);
        data.record(dataNanos, TimeUnit.NANOSECONDS);
        forwardBackward.record(computeNanos, TimeUnit.NANOSECONDS);
        exchangeWait.record(waitNanos, TimeUnit.NANOSECONDS);
    }

    /** Local: the wait at the end of a round, in nanoseconds. */
    public void exchanged(long waitNanos) {
        exchangeWait.record(waitNanos, TimeUnit.NANOSECONDS);
    }

    /** Of a step, in local jobs of an exchange, in nanoseconds: the part of its communication that no computation hid. */
    public void exposed(long waitedNanos) {
        exposedCommunication.record(waitedNanos, TimeUnit.NANOSECONDS);
    }

    public void stepSkipped() {
        skippedSteps.increment();
    }

    public void evaluated(long nanos) {
        evaluation.record(nanos, TimeUnit.NANOSECONDS);
    }

    public void loss(double meanPerSample) {
        loss = meanPerSample;
    }

    public void generationStarted() {
        generations.increment();
    }

    /** A generation ended before its job; {@code reason} is a short fixed word. */
    public void generationEnded(String reason) {
        Counter.builder("tutti.worker.generations.ended")
                .description("Generations over, by how they ended")
                .tag("how", reason)
                .register(meters)
                .increment();
    }

    /** Ten seconds more have passed in a wait; {@code awaited} is a short fixed word. */
    public void waitedLong(String awaited) {
        Counter.builder("tutti.worker.long.waits")
                .description("Times ten seconds passed without an answer, by what was waited for")
                .tag("for", awaited)
                .register(meters)
                .increment();
    }

    public void staleMessage() {
        staleMessages.increment();
    }
}
