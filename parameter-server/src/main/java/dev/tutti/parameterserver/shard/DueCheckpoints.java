package dev.tutti.parameterserver.shard;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.parameterserver.policy.AsynchronousUpdates;
import dev.tutti.parameterserver.policy.Consistency;
import dev.tutti.parameterserver.policy.SynchronousUpdates;
import dev.tutti.tensor.optimizer.LossScale;

/** When a shard writes a checkpoint: when the job's steps say so, and when it is asked to. Used by one of the shard's tasks at a time. */
final class DueCheckpoints {
    private static final long NONE = -1;

    private final ShardSettings settings;
    private final Consistency consistency;
    private final ChunkMemory memory;
    private final Checkpoints checkpoints;
    /** Asked for before its step was complete. */
    private long wanted = NONE;

    DueCheckpoints(ShardSettings settings, Consistency consistency, Checkpoints checkpoints) {
        this.settings = settings;
        this.consistency = consistency;
        this.memory = consistency.memory();
        this.checkpoints = checkpoints;
    }

    /** See {@link Shard#checkpoint}. */
    void want(long generation, long step) {
        switch (consistency) {
            case SynchronousUpdates _ -> {
                if (step > memory.completeVersion()) {
                    wanted = step;
                    return;
                }
                if (step < memory.completeVersion() || memory.isAnyAhead()) {
                    checkpoints.giveUp(
                            generation,
                            step,
                            "Shard " + settings.shard() + " has completed step " + memory.completeVersion()
                                    + (memory.isAnyAhead() ? " and has applied some of the next" : ""));
                    return;
                }
            }
            case AsynchronousUpdates _ -> {
                // Any moment at which nobody pushes is as good as another.
            }
        }
        write(generation, step, Checkpoints.Need.REQUIRED);
    }

    /** All chunks are at a new version. */
    void stepCompleted(long generation) {
        long step = memory.completeVersion();
        boolean asked = wanted == step;
        if (asked) {
            wanted = NONE;
        }
        if (asked || settings.isCheckpointDue(step)) {
            boolean required = asked || step == settings.totalSteps();
            write(generation, step, required ? Checkpoints.Need.REQUIRED : Checkpoints.Need.PERIODIC);
        }
    }

    /** A copy that does not fit into memory costs the checkpoint, not the shard. */
    private void write(long generation, long step, Checkpoints.Need need) {
        ShardSnapshot snapshot;
        try {
            snapshot = ShardSnapshot.of(settings, generation, step, memory, lossScale());
        } catch (OutOfMemoryError e) {
            checkpoints.giveUp(
                    generation, step, "There is no memory for a copy of shard " + settings.shard() + ": " + e);
            return;
        }
        checkpoints.write(snapshot, need);
    }

    private LossScale lossScale() {
        return switch (consistency) {
            case SynchronousUpdates updates -> updates.lossScale(memory.completeVersion());
            case AsynchronousUpdates _ -> LossScale.NONE;
        };
    }
}
