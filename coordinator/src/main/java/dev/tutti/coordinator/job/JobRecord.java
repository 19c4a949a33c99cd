package dev.tutti.coordinator.job;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.JobState;
import java.util.Optional;

/**
 * One job: what was submitted, and how far it is. Immutable.
 *
 * @param spec valid, with defaults filled in
 * @param idempotencyKey empty if the submitter gave none
 */
public record JobRecord(
        String id, JobSpec spec, String idempotencyKey, String checkpointFolder, long submittedAtMillis, Phase phase) {

    public JobState state() {
        return phase.state();
    }

    public Optional<Training> training() {
        return switch (phase) {
            case Phase.Planning _, Phase.Queued _ -> Optional.empty();
            case Phase.Starting starting -> Optional.of(starting.training());
            case Phase.Running running -> Optional.of(running.training());
            case Phase.Stopping stopping -> Optional.of(stopping.training());
            case Phase.Ended ended -> ended.training();
        };
    }

    /** Whether it leases batches; otherwise its workers take steps, or rounds, together. */
    boolean asynchronous() {
        return ConsistencyModel.of(spec.getTraining()).leasesBatches();
    }

    /** Whether some of its workers may be steps behind the others. */
    boolean hasBackupWorkers() {
        return ConsistencyModel.of(spec.getTraining()) instanceof ConsistencyModel.Synchronous synchronous
                && synchronous.hasBackupWorkers();
    }

    boolean holds(String member) {
        return !(phase instanceof Phase.Ended)
                && training().map(training -> training.team().has(member)).orElse(false);
    }

    JobRecord in(Phase next) {
        return new JobRecord(id, spec, idempotencyKey, checkpointFolder, submittedAtMillis, next);
    }

    /** The same phase with its training changed; only for phases that have one. */
    JobRecord with(Training training) {
        return in(
                switch (phase) {
                    case Phase.Planning _, Phase.Queued _ ->
                        throw new IllegalTransitionException(this, "training changed");
                    case Phase.Starting starting -> new Phase.Starting(training, starting.assembly());
                    case Phase.Running _ -> new Phase.Running(training);
                    case Phase.Stopping stopping -> new Phase.Stopping(training, stopping.halt());
                    case Phase.Ended ended -> ended.with(training);
                });
    }
}
