package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.JobEvent;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.ToParameterServer;
import dev.tutti.proto.v1.ToWorker;
import java.util.List;

/** What a decision asks the world to do. Run only after the event that led to it is in the journal, in order. */
public sealed interface Effect {
    /** @param message without epoch and coordinator, which the sender fills in */
    record SendToWorker(String worker, ToWorker message) implements Effect {}

    /** @param message without epoch and coordinator, which the sender fills in */
    record SendToParameterServer(String server, ToParameterServer message) implements Effect {}

    /** To whoever watches the job. */
    record Publish(JobEvent event) implements Effect {}

    /** All parts of a checkpoint are written: make them one. Answered by an event. Doing it twice is harmless. */
    record CompleteCheckpoint(
            String job, String folder, long step, JobSpec spec, ShardMap shardMap, List<CheckpointPart> parts)
            implements Effect {}

    /** Deletes all but the newest checkpoints of a job. */
    record PruneCheckpoints(String folder, int keep) implements Effect {}

    /** A generation's workers are told to start. */
    record GenerationStarted(String job, long generation) implements Effect {}

    /** The event came too late or twice and changed nothing; the sentence says which and why. */
    record Ignored(String job, String sentence) implements Effect {}
}
