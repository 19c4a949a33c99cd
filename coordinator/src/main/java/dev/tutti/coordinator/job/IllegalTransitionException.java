package dev.tutti.coordinator.job;

import dev.tutti.proto.job.JobStates;
import dev.tutti.proto.v1.JobState;

/** An event that cannot happen in the state the job is in: somebody broke the contract. Nothing has been changed. */
public final class IllegalTransitionException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    IllegalTransitionException(JobRecord job, String event) {
        super("Job " + job.id() + " is " + JobStates.name(job.state()) + ": " + event + " cannot happen in this state");
    }

    IllegalTransitionException(JobRecord job, JobState to) {
        super("Job " + job.id() + " is " + JobStates.name(job.state()) + ": it cannot become " + JobStates.name(to));
    }
}
