package dev.tutti.coordinator.job;

import java.util.Optional;

/** Lets reports of the current generation pass. */
final class Fence {
    private Fence() {}

    /** Empty, and the report ignored, if it is of an older generation. */
    static Optional<Training> pass(Turn turn, JobRecord job, long generation, String report) {
        Training training = job.training()
                .orElseThrow(() -> new IllegalTransitionException(job, report + " of generation " + generation));
        if (generation > training.generation()) {
            throw new IllegalTransitionException(
                    job, report + " of generation " + generation + ", while it is at " + training.generation() + ",");
        }
        if (generation < training.generation()) {
            turn.ignore(job, report + " of generation " + generation + ", while it is at " + training.generation());
            return Optional.empty();
        }
        return Optional.of(training);
    }

    /** As {@link #pass}, for reports a worker can only make once its generation has been started. */
    static Optional<Training> started(Turn turn, JobRecord job, long generation, String report) {
        Optional<Training> training = pass(turn, job, generation, report);
        if (training.isPresent() && job.phase() instanceof Phase.Starting) {
            throw new IllegalTransitionException(job, report + " before generation " + generation + " was started");
        }
        return training;
    }
}
