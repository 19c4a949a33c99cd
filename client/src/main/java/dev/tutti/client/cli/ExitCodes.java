package dev.tutti.client.cli;

import dev.tutti.proto.v1.JobState;

/** What the process says when it ends; docs/commands.md lists them. */
final class ExitCodes {
    static final int OK = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int NOT_FOUND = 3;
    static final int UNREACHABLE = 4;
    static final int TIMEOUT = 6;
    static final int CANCELLED = 8;
    static final int INTERRUPTED = 130;

    private ExitCodes() {}

    /** Of a job that has ended. One that was stopped did what it was told. */
    static int of(JobState state) {
        return switch (state) {
            case JOB_STATE_SUCCEEDED, JOB_STATE_STOPPED -> OK;
            case JOB_STATE_CANCELLED -> CANCELLED;
            case JOB_STATE_FAILED,
                    JOB_STATE_UNSPECIFIED,
                    JOB_STATE_PLANNING,
                    JOB_STATE_QUEUED,
                    JOB_STATE_STARTING,
                    JOB_STATE_RUNNING,
                    JOB_STATE_STOPPING,
                    UNRECOGNIZED -> FAILED;
        };
    }
}
