package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.proto.v1.Progress;
import dev.tutti.proto.v1.ShardFailed;
import dev.tutti.proto.v1.ShardOpened;
import dev.tutti.proto.v1.WorkerFailed;
import dev.tutti.proto.v1.WorkerFinished;

/** Something that has happened. Events that change the state are journaled, in the order in which they were decided on. */
public sealed interface Event {
    /** Wall clock when the coordinator learned of it; decisions know no other time. */
    long atMillis();

    /** A coordinator has taken this epoch. It knows no member yet: each says Hello again. */
    record CoordinatorStarted(long atMillis, long epoch) implements Event {}

    /** Members of jobs that were under way when the last coordinator ended have had their time to come back. */
    record RejoinExpired(long atMillis) implements Event {}

    record MemberJoined(long atMillis, Hello hello) implements Event {}

    record MemberLost(long atMillis, String member) implements Event {}

    /** @param spec valid, with defaults filled in */
    record JobSubmitted(long atMillis, String id, JobSpec spec, String idempotencyKey, String checkpointFolder)
            implements Event {}

    /** Something that concerns one job that was submitted before. */
    sealed interface OfJob extends Event {
        String job();
    }

    record StopAsked(long atMillis, String job) implements OfJob {}

    record CancelAsked(long atMillis, String job) implements OfJob {}

    /** The manifest is written and the folder renamed. */
    record CheckpointCompleted(long atMillis, Checkpoint checkpoint) implements OfJob {
        @Override
        public String job() {
            return checkpoint.getJobId();
        }
    }

    record CheckpointFailed(long atMillis, String job, long step, String reason) implements OfJob {}

    /** What workers reported last of a job that has ended without a result: more than is certain. */
    record LastProgress(long atMillis, String job, Progress progress) implements OfJob {}

    /** What a member reported about a job. */
    sealed interface Report extends OfJob {}

    record Inspected(long atMillis, JobInspected report) implements Report {
        @Override
        public String job() {
            return report.getJob();
        }
    }

    record ShardReady(long atMillis, ShardOpened report) implements Report {
        @Override
        public String job() {
            return report.getJob();
        }
    }

    record ShardBroken(long atMillis, ShardFailed report) implements Report {
        @Override
        public String job() {
            return report.getJob();
        }
    }

    record PartWritten(long atMillis, CheckpointPart report) implements Report {
        @Override
        public String job() {
            return report.getJob();
        }
    }

    record EpochShare(long atMillis, EpochPart report) implements Report {
        @Override
        public String job() {
            return report.getJob();
        }
    }

    record LeaseAsked(long atMillis, LeaseRequest report) implements Report {
        @Override
        public String job() {
            return report.getJob();
        }
    }

    record WorkerDone(long atMillis, WorkerFinished report) implements Report {
        @Override
        public String job() {
            return report.getJob();
        }
    }

    record WorkerBroken(long atMillis, WorkerFailed report) implements Report {
        @Override
        public String job() {
            return report.getJob();
        }
    }
}
