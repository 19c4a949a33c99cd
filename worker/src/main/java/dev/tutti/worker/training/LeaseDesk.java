package dev.tutti.worker.training;

import dev.tutti.proto.v1.Lease;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.worker.metrics.WorkerMetrics;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Asks the coordinator for work and waits for its answer. The training thread asks; the actor's thread brings answers. */
final class LeaseDesk {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseDesk.class);
    private static final long ASK_AGAIN_MILLIS = 10_000;
    /** Stands in the queue for a request to stop. */
    private static final LeaseAnswer STOP = LeaseAnswer.getDefaultInstance();

    private final Generation generation;
    private final Reports reports;
    private final WorkerMetrics metrics;
    private final long askAgainMillis;
    private final BlockingQueue<LeaseAnswer> answers = new LinkedBlockingQueue<>();

    LeaseDesk(Generation generation, Reports reports, WorkerMetrics metrics) {
        this(generation, reports, metrics, ASK_AGAIN_MILLIS);
    }

    LeaseDesk(Generation generation, Reports reports, WorkerMetrics metrics, long askAgainMillis) {
        this.generation = generation;
        this.reports = reports;
        this.metrics = metrics;
        this.askAgainMillis = askAgainMillis;
    }

    /** Any thread. */
    void answer(LeaseAnswer answer) {
        answers.add(answer);
    }

    /** Any thread: whoever waits for an answer gets none. */
    void stop() {
        answers.add(STOP);
    }

    /**
     * Asks, and waits through holds. The request is repeated until there is work, also on hold: the coordinator may have been replaced
     * meanwhile, or its answer lost. It answers a repetition as it did before, so a lease may come twice.
     *
     * @param done the lease finished since the last request
     * @return a lease, validate or finish; empty after {@link #stop}
     */
    Optional<LeaseAnswer> ask(Optional<Lease> done) throws InterruptedException {
        LeaseRequest.Builder builder = LeaseRequest.newBuilder()
                .setJob(generation.job())
                .setGeneration(generation.number())
                .setWorker(generation.worker());
        done.ifPresent(builder::setDone);
        LeaseRequest request = builder.build();
        reports.lease(request);
        boolean onHold = false;
        int repetitions = 0;
        while (true) {
            LeaseAnswer answer = answers.poll(askAgainMillis, TimeUnit.MILLISECONDS);
            if (answer == null) {
                repetitions++;
                sayWaiting(repetitions, onHold);
                reports.lease(request);
            } else if (answer.hasHold()) {
                onHold = true;
            } else if (!isLeaseOf(done, answer)) {
                return answer.equals(STOP) ? Optional.empty() : Optional.of(answer);
            }
        }
    }

    /** The second answer of two to a request that was repeated. */
    private static boolean isLeaseOf(Optional<Lease> done, LeaseAnswer answer) {
        return answer.hasLease() && done.filter(answer.getLease()::equals).isPresent();
    }

    private void sayWaiting(int repetitions, boolean onHold) {
        metrics.waitedLong("lease");
        LOG.atLevel(repetitions == 1 ? Level.INFO : Level.WARN)
                .log(
                        "Job {}, generation {}: waiting for a lease for {} s{}, asking again",
                        generation.job(),
                        generation.number(),
                        repetitions * askAgainMillis / 1_000,
                        onHold ? " (others are finishing the epoch)" : "");
    }
}
