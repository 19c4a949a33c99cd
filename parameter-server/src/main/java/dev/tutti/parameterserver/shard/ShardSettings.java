package dev.tutti.parameterserver.shard;

import dev.tutti.parameterserver.memory.ChunkUpdate;
import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.OpenShard;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.ShardMaps;
import dev.tutti.proto.wire.StepRule;
import dev.tutti.tensor.optimizer.LossScale;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a shard is opened with and keeps for the job's life.
 *
 * @param slices into which a step is cut
 * @param totalSteps of the job; local: rounds
 * @param checkpointFolder the job's
 */
public record ShardSettings(
        String job, JobSpec spec, ShardMap map, int shard, int slices, long totalSteps, Path checkpointFolder) {
    public static ShardSettings of(OpenShard open) {
        return new ShardSettings(
                open.getJob(),
                open.getSpec(),
                open.getShardMap(),
                open.getShard(),
                open.getSlices(),
                open.getTotalSteps(),
                Path.of(open.getCheckpointFolder()));
    }

    public ChunkGrid grid() {
        return ShardMaps.grid(map, shard);
    }

    ConsistencyModel model() {
        return ConsistencyModel.of(spec.getTraining());
    }

    /** Local: rounds. */
    long stepsPerEpoch() {
        return Math.max(1, totalSteps / Math.max(1, spec.getTraining().getEpochs()));
    }

    /** @throws IllegalArgumentException if the job names no optimizer */
    ChunkUpdate update() {
        return new ChunkUpdate(
                grid(),
                map.getTensorsList(),
                JobOptimizer.of(job, spec.getTraining()),
                switch (model()) {
                    case ConsistencyModel.Synchronous _,
                            ConsistencyModel.Asynchronous _,
                            ConsistencyModel.BoundedStaleness _ -> ChunkUpdate.Averaged.STATISTIC;
                    case ConsistencyModel.Local _ -> ChunkUpdate.Averaged.DIFFERENCE;
                });
    }

    /** How its steps are decided together with the other shards; none if they need not be. */
    Optional<StepRule> stepRule() {
        return StepRule.of(spec.getTraining());
    }

    LossScale firstLossScale() {
        var scale = spec.getTraining().getLossScale();
        return spec.getTraining().getPrecision() == Precision.PRECISION_F16
                ? LossScale.first(scale.getInitial(), scale.getGrowthInterval())
                : LossScale.NONE;
    }

    /** Whether the shard writes its part of a checkpoint by itself once a step (local: a round) is complete on all its chunks. */
    boolean isCheckpointDue(long step) {
        long every = Integer.toUnsignedLong(spec.getCheckpoint().getEvery());
        return switch (model()) {
            case ConsistencyModel.Synchronous _ -> isDue(step, every);
            case ConsistencyModel.Local(var steps, var _, var _, var _) -> isDue(step, Math.ceilDiv(every, steps));
            case ConsistencyModel.Asynchronous _, ConsistencyModel.BoundedStaleness _ -> false;
        };
    }

    private boolean isDue(long step, long every) {
        return step == totalSteps || (every != 0 && step % every == 0);
    }
}
