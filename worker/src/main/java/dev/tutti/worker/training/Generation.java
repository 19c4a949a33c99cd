package dev.tutti.worker.training;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.StartGeneration;
import dev.tutti.proto.wire.StepRule;
import dev.tutti.worker.exchange.ExchangeTarget;

/**
 * A worker's part in one generation of a job. In a local job its steps are rounds.
 *
 * @param start as the coordinator sent it
 * @param worker this worker's name in the cluster
 */
public record Generation(StartGeneration start, String worker) {
    public String job() {
        return start.getJob();
    }

    public long number() {
        return start.getGeneration();
    }

    ConsistencyModel consistency() {
        return ConsistencyModel.of(start.getSpec().getTraining());
    }

    ExchangeTarget exchangeTarget() {
        return new ExchangeTarget(
                job(),
                number(),
                worker,
                start.getShardMap(),
                start.getSlices(),
                start.getSliceBegin(),
                start.getSliceEnd(),
                start.getWorkers(),
                start.getStartStep(),
                consistency(),
                StepRule.of(start.getSpec().getTraining()),
                start.getSpec().getTraining().getExchange(),
                true);
    }

    /**
     * The epoch (0-based) a step belongs to.
     *
     * @param step 1-based
     */
    int epochOf(long step) {
        return Math.toIntExact((step - 1) / start.getStepsPerEpoch());
    }

    /** Whether this worker reports what is one thing for all. */
    boolean reportsForAll() {
        return start.getSliceBegin() == 0;
    }

    /**
     * The batch (0-based) within its epoch a step trains on.
     *
     * @param step 1-based
     */
    long batchOf(long step) {
        return (step - 1) % start.getStepsPerEpoch();
    }

    /** Whether an epoch is complete once this many steps are. */
    boolean endsEpoch(long completeSteps) {
        return completeSteps > 0 && completeSteps % start.getStepsPerEpoch() == 0;
    }

    boolean isValidated(int epoch) {
        return epoch < start.getValidatedEpochs();
    }

    /** First sample of this worker's share of an evaluation. */
    int shareBegin(int samples) {
        return (int) ((long) samples * start.getSliceBegin() / start.getSlices());
    }

    /** Behind the last sample of this worker's share of an evaluation. */
    int shareEnd(int samples) {
        return (int) ((long) samples * start.getSliceEnd() / start.getSlices());
    }
}
