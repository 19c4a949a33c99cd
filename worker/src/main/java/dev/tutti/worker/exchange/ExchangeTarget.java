package dev.tutti.worker.exchange;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.ExchangeEncodings;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.wire.StepRule;
import java.util.Optional;

/**
 * What one generation of a job exchanges with which shards.
 *
 * @param worker this worker's name in the cluster
 * @param slices of a step, over all workers
 * @param sliceBegin first slice of this worker's run
 * @param sliceEnd behind the last slice of this worker's run
 * @param workers who share the slices
 * @param startStep version of the parameters the generation starts from
 * @param model when gradients are applied
 * @param stepRule how its steps are decided, if not each shard applies them by itself
 * @param encodings what gradients travel as
 * @param sharesMemory whether payloads go through shared memory to shards on this machine
 */
public record ExchangeTarget(
        String job,
        long generation,
        String worker,
        ShardMap shardMap,
        int slices,
        int sliceBegin,
        int sliceEnd,
        int workers,
        long startStep,
        ConsistencyModel model,
        Optional<StepRule> stepRule,
        ExchangeEncodings encodings,
        boolean sharesMemory) {}
