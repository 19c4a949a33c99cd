package dev.tutti.worker.exchange;

import dev.tutti.proto.v1.Chunk;
import dev.tutti.proto.v1.Sums;

/**
 * What travels with the first chunk of shard 0 and so belongs to the parameters in place; not in jobs that lease batches.
 *
 * @param epochTraining what all workers together have trained on in the epoch of these parameters, up to them
 * @param lastEpochTraining the same of the whole epoch before; with backup workers only
 * @param lossScale in synchronous jobs in f16 what the losses of the next step are to be multiplied with; otherwise 1
 * @param skippedSteps of a synchronous job in f16, up to these parameters
 */
public record JobState(Sums epochTraining, Sums lastEpochTraining, double lossScale, long skippedSteps) {
    static final JobState NONE = of(Chunk.getDefaultInstance());

    static JobState of(Chunk first) {
        return new JobState(
                sums(first.getEpochLossSum(), first.getEpochSamples()),
                sums(first.getLastEpochLossSum(), first.getLastEpochSamples()),
                first.getLossScale() == 0 ? 1 : first.getLossScale(),
                first.getSkippedSteps());
    }

    private static Sums sums(double lossSum, long labels) {
        return Sums.newBuilder()
                .setLossSum(lossSum)
                .setCorrect(-1)
                .setLabels(labels)
                .build();
    }
}
