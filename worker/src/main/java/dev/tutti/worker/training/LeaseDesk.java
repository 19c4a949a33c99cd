package dev.tutti.worker.training;

import dev.tutti.proto.v1.Lease;
import dev.tutti.proto.v1.LeaseAnswer;
import dev.tutti.proto.v1.LeaseRequest;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the coordinator for work and waits for its answer. The training thread asks; the actor's thread brings answers. */
final class LeaseDesk {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseDesk.class);
    private static final long ASK_AGAIN_SECONDS = 10;
    /** Stands in the queue for a request to stop. */
    private static final LeaseAnswer STOP = LeaseAnswer.getDefaultInstance();

    private final Generation generation;
    private final Reports reports;
    private final BlockingQueue<LeaseAnswer> answers = new LinkedBlockingQueue<>();

    LeaseDesk(Generation generation, Reports reports) {
        this.generation = generation;
        this.reports = reports;
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
     * Asks, and waits through holds. A request without an answer is repeated: the coordinator may have been replaced meanwhile.
     *
     * @param done the lease finished since the last request
     * @return a lease, validate or finish; empty after {@link #stop}
     */
    Optional<LeaseAnswer> ask(Optional<Lease> done) throws InterruptedException {
        LeaseRequest.Builder request = LeaseRequest.newBuilder()
                .setJob(generation.job())
                .setGeneration(generation.number())
                .setWorker(generation.worker());
        done.ifPresent(request::setDone);
        reports.lease(request.build());
        boolean onHold = false;
        while (true) {
            LeaseAnswer answer = answers.poll(ASK_AGAIN_SECONDS, TimeUnit.SECONDS);
            if (answer == null) {
                LOG.info(
                        "Job {}, generation {}: waiting for a lease{}",
                        generation.job(),
                        generation.number(),
                        onHold ? ", others are finishing the epoch" : ", asking again");
                if (!onHold) {
                    reports.lease(request.build());
                }
            } else if (answer.hasHold()) {
                onHold = true;
            } else {
                return answer.equals(STOP) ? Optional.empty() : Optional.of(answer);
            }
        }
    }
}
