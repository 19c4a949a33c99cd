package dev.tutti.worker.training;

import dev.tutti.proto.v1.JobSpec;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.worker.data.DataException;

/** Whether a model's gradients may travel as a job wants them to. */
final class EncodingFit {
    private EncodingFit() {}

    /**
     * What travels of running statistics is averaged: an element that does not travel would pull them towards 0.
     *
     * @throws DataException naming the statistic
     */
    static void require(JobSpec spec, Graph graph) throws DataException {
        if (!spec.getTraining().getExchange().getGradients().hasTopK()) {
            return;
        }
        for (Parameter parameter : graph.parameters()) {
            if (parameter.update() == Parameter.Update.AVERAGED) {
                throw new DataException(
                        "training.exchange.gradients: top-k leaves out most elements, but all of " + parameter.name()
                                + " are needed in each step: expected f32, bf16, f16 or int8 for a model with batch"
                                + " norm");
            }
        }
    }
}
