package dev.tutti.coordinator;

import dev.tutti.coordinator.job.ClusterState;
import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.JobState;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** What a coordinator shows of itself. A standby shows zeros. Thread-safe. */
final class CoordinatorMetrics {
    private final Map<JobState, AtomicInteger> jobs = new EnumMap<>(JobState.class);
    private final EnumMap<JobState, Integer> ended = new EnumMap<>(JobState.class);
    private int endedCounted;
    private final Counter generations;
    private final Counter ignored;
    private final Counter illegal;
    private final Timer journalAppends;

    CoordinatorMetrics(MeterRegistry meters) {
        for (JobState state : JobState.values()) {
            if (state != JobState.JOB_STATE_UNSPECIFIED && state != JobState.UNRECOGNIZED) {
                AtomicInteger count = new AtomicInteger();
                jobs.put(state, count);
                Gauge.builder("tutti.coordinator.jobs", count, AtomicInteger::get)
                        .description("Jobs by state")
                        .tag("state", JobStates.name(state))
                        .register(meters);
            }
        }
        generations = Counter.builder("tutti.coordinator.generations")
                .description("Generations that were started, over all jobs")
                .register(meters);
        ignored = Counter.builder("tutti.coordinator.ignored.messages")
                .description("Reports of members that changed nothing: of an older generation, or sent twice")
                .register(meters);
        illegal = Counter.builder("tutti.coordinator.illegal.messages")
                .description("Reports of members that cannot happen in the state their job is in")
                .register(meters);
        journalAppends = Timer.builder("tutti.coordinator.journal.append")
                .description("Until events were durable")
                .register(meters);
    }

    /** Called by one thread. Jobs that have ended stay so: each is counted once. */
    void jobs(ClusterState state) {
        int more = state.ended().size() - endedCounted;
        state.ended().sequencedValues().reversed().stream()
                .limit(more)
                .forEach(job -> ended.merge(job.state(), 1, Integer::sum));
        endedCounted += more;
        Map<JobState, Integer> counts = new EnumMap<>(ended);
        state.active().values().forEach(job -> counts.merge(job.state(), 1, Integer::sum));
        jobs.forEach((job, gauge) -> gauge.set(counts.getOrDefault(job, 0)));
    }

    void generationStarted() {
        generations.increment();
    }

    void messageIgnored() {
        ignored.increment();
    }

    void messageIllegal() {
        illegal.increment();
    }

    /** Runs an append and measures it. */
    void append(Runnable append) {
        journalAppends.record(append);
    }
}
