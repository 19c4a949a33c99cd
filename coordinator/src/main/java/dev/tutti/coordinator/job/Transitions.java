package dev.tutti.coordinator.job;

import static dev.tutti.proto.v1.JobState.JOB_STATE_CANCELLED;
import static dev.tutti.proto.v1.JobState.JOB_STATE_FAILED;
import static dev.tutti.proto.v1.JobState.JOB_STATE_PLANNING;
import static dev.tutti.proto.v1.JobState.JOB_STATE_QUEUED;
import static dev.tutti.proto.v1.JobState.JOB_STATE_RUNNING;
import static dev.tutti.proto.v1.JobState.JOB_STATE_STARTING;
import static dev.tutti.proto.v1.JobState.JOB_STATE_STOPPED;
import static dev.tutti.proto.v1.JobState.JOB_STATE_STOPPING;
import static dev.tutti.proto.v1.JobState.JOB_STATE_SUCCEEDED;

import dev.tutti.proto.v1.JobState;
import java.util.Map;
import java.util.Set;

/** The table of {@link Phase}, as code. */
final class Transitions {
    private static final Map<JobState, Set<JobState>> NEXT = Map.of(
            JOB_STATE_PLANNING,
            Set.of(JOB_STATE_QUEUED, JOB_STATE_FAILED, JOB_STATE_STOPPED, JOB_STATE_CANCELLED),
            JOB_STATE_QUEUED,
            Set.of(JOB_STATE_STARTING, JOB_STATE_STOPPED, JOB_STATE_CANCELLED),
            JOB_STATE_STARTING,
            Set.of(JOB_STATE_RUNNING, JOB_STATE_STOPPING, JOB_STATE_FAILED, JOB_STATE_CANCELLED),
            JOB_STATE_RUNNING,
            Set.of(JOB_STATE_STARTING, JOB_STATE_STOPPING, JOB_STATE_SUCCEEDED, JOB_STATE_FAILED, JOB_STATE_CANCELLED),
            JOB_STATE_STOPPING,
            Set.of(JOB_STATE_STOPPED, JOB_STATE_SUCCEEDED, JOB_STATE_FAILED, JOB_STATE_CANCELLED));

    private Transitions() {}

    /** Whether a job may go from one state to the other; one that has not ended may stay where it is. */
    static boolean allowed(JobState from, JobState to) {
        return NEXT.containsKey(from) && (from == to || NEXT.get(from).contains(to));
    }
}
