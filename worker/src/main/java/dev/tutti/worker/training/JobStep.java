package dev.tutti.worker.training;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Objective;
import dev.tutti.worker.data.DataException;
import java.util.Optional;

/**
 * What a step of a job computes, for whoever wants to measure it without a cluster.
 *
 * @param batch samples of a step over all workers
 * @param compute what products read
 */
public record JobStep(ModelSpec model, Objective objective, int batch, ElementType compute) {
    private static final String JOB = "step";

    /**
     * @param spec with all defaults filled in
     * @param otherBatch instead of the job's; may be larger than its data
     * @throws DataException if the job cannot run on its data, which has to be read for the shapes and classes; as when it is planned
     */
    public static JobStep of(JobSpec spec, Optional<Integer> otherBatch, JobData data)
            throws DataException, InterruptedException {
        PreparedJob asked = data.prepare(JOB, spec, spec.getCluster().getSlices());
        PreparedJob job = otherBatch.map(asked::withBatch).orElse(asked);
        JobModel.requireFit(job);
        BatchNormFit.require(job, job.trainingGraph(1));
        return new JobStep(job.model(), job.objective(), job.plan().batch(), job.compute());
    }
}
