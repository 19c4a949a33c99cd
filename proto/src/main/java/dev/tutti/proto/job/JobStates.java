package dev.tutti.proto.job;

import dev.tutti.proto.v1.JobState;
import java.util.Locale;

/** What a job's state means, and how it is called. */
public final class JobStates {
    private JobStates() {}

    /** Whether the job will not change any more. */
    public static boolean ended(JobState state) {
        return switch (state) {
            case JOB_STATE_SUCCEEDED, JOB_STATE_FAILED, JOB_STATE_STOPPED, JOB_STATE_CANCELLED -> true;
            case JOB_STATE_UNSPECIFIED,
                    JOB_STATE_PLANNING,
                    JOB_STATE_QUEUED,
                    JOB_STATE_STARTING,
                    JOB_STATE_RUNNING,
                    JOB_STATE_STOPPING,
                    UNRECOGNIZED -> false;
        };
    }

    /** {@code running} for {@code JOB_STATE_RUNNING}. */
    public static String name(JobState state) {
        return state.name().replace("JOB_STATE_", "").toLowerCase(Locale.ROOT);
    }
}
