package dev.tutti.parameterserver.shard;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.policy.AsynchronousUpdates;
import dev.tutti.parameterserver.policy.Consistency;
import dev.tutti.parameterserver.policy.SynchronousUpdates;
import dev.tutti.proto.job.ConsistencyModel;
import java.util.Optional;

/** The policy of a job's shards. */
final class JobConsistency {
    private JobConsistency() {}

    static Consistency of(ShardSettings settings, ParameterServerMetrics metrics) {
        return switch (settings.model()) {
            case ConsistencyModel.Synchronous(var backupWorkers) -> stepped(settings, backupWorkers);
            case ConsistencyModel.Local _ -> stepped(settings, 0);
            case ConsistencyModel.Asynchronous(var stalenessScaled, var compensation) ->
                new AsynchronousUpdates(
                        settings.update(),
                        new AsynchronousUpdates.Manner(stalenessScaled, compensation, Optional.empty()),
                        metrics::stale);
            case ConsistencyModel.BoundedStaleness(var clocks) ->
                new AsynchronousUpdates(
                        settings.update(),
                        new AsynchronousUpdates.Manner(false, Optional.empty(), Optional.of(clocks)),
                        metrics::stale);
        };
    }

    private static Consistency stepped(ShardSettings settings, int backupWorkers) {
        return new SynchronousUpdates(
                settings.update(),
                settings.slices(),
                settings.stepsPerEpoch(),
                backupWorkers,
                settings.stepRule(),
                settings.firstLossScale());
    }
}
