package dev.tutti.parameterserver.shard;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.job.OptimizerKit;
import dev.tutti.proto.v1.Training;
import dev.tutti.tensor.optimizer.Adagrad;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.RmsProp;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.optimizer.UpdateRule;

/** The optimizer of a job's shards; its numbers have been checked, and are all there. */
public final class JobOptimizer {
    private static final OptimizerKit<UpdateRule, SliceOptimizer> KIT = new OptimizerKit<>(
            Sgd::new,
            Adam::new,
            RmsProp::new,
            Adagrad::new,
            (rule, l1, l2, decay, clip) -> new SliceOptimizer(rule, new Regularization(l1, l2, decay, clip)));

    private JobOptimizer() {}

    /**
     * The one the job names; in a local job that one is the workers', and the shards have the outer one.
     *
     * @throws IllegalArgumentException if the job names no optimizer
     */
    public static SliceOptimizer of(String job, Training training) {
        return switch (ConsistencyModel.of(training)) {
            case ConsistencyModel.Synchronous _, ConsistencyModel.Asynchronous _, ConsistencyModel.BoundedStaleness _ ->
                KIT.build(job, training);
            case ConsistencyModel.Local(var _, var _, var rate, var momentum) ->
                new SliceOptimizer(new Sgd(rate, momentum, momentum > 0), Regularization.NONE);
        };
    }
}
