package dev.tutti.worker.training;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.worker.data.DataException;

/**
 * That batch norm never has one value a channel to train on: its deviation is zero, so what comes out is the same whatever comes in, and what is learned is
 * nothing. PyTorch refuses it too, in the step that meets it.
 */
final class BatchNormFit {
    private BatchNormFit() {}

    /**
     * @param graph for one sample
     * @throws DataException naming the layer and the sizes from which its slices follow
     */
    static void require(PreparedJob job, Graph graph) throws DataException {
        boolean leases = ConsistencyModel.of(job.spec().getTraining()).leasesBatches();
        BatchPlan plan =
                leases ? new BatchPlan(job.plan().trainCount(), job.plan().batch(), 1) : job.plan();
        if (!plan.hasSliceOfOneRow()) {
            return;
        }
        for (var instruction : graph.instructions()) {
            if (instruction.op() instanceof NormalizationOp.BatchNorm norm
                    && norm.x().elementCount() == norm.gamma().elementCount()) {
                throw new DataException(
                        ("model.layers: %s needs more than one value a channel to train on, and a sample gives it one:"
                                        + " expected two samples or more in each slice of a step, got one (training.batch is %d,"
                                        + " the last batch of an epoch %d, and there are %d slices): choose a batch that leaves no"
                                        + " single sample")
                                .formatted(
                                        instruction.result().name(),
                                        plan.batch(),
                                        plan.rows(plan.batchesPerEpoch() - 1),
                                        plan.slices()));
            }
        }
    }
}
