package dev.tutti.parameterserver.shard;

import dev.tutti.proto.v1.Optimizer;
import dev.tutti.proto.v1.Training;
import dev.tutti.tensor.optimizer.Adagrad;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.RmsProp;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.optimizer.UpdateRule;

/** The optimizer a job asks for; its numbers have been checked, and are all there. */
public final class JobOptimizer {
    private JobOptimizer() {}

    /** @throws IllegalArgumentException if the job names no optimizer */
    public static SliceOptimizer of(String job, Training training) {
        double clip = training.getClip().hasValue() ? training.getClip().getValue() : Double.POSITIVE_INFINITY;
        return new SliceOptimizer(
                rule(job, training.getOptimizer()),
                new Regularization(
                        training.getRegularization().getL1(),
                        training.getRegularization().getL2(),
                        training.getOptimizer().getAdamw().getDecay(),
                        clip));
    }

    private static UpdateRule rule(String job, Optimizer optimizer) {
        return switch (optimizer.getKindCase()) {
            case SGD -> {
                var sgd = optimizer.getSgd();
                yield new Sgd(sgd.getRate(), sgd.getMomentum(), sgd.getNesterov());
            }
            case ADAM -> {
                var adam = optimizer.getAdam();
                yield new Adam(adam.getRate(), adam.getBeta1(), adam.getBeta2(), adam.getEpsilon());
            }
            case ADAMW -> {
                var adamw = optimizer.getAdamw();
                yield new Adam(adamw.getRate(), adamw.getBeta1(), adamw.getBeta2(), adamw.getEpsilon());
            }
            case RMSPROP -> {
                var rmsprop = optimizer.getRmsprop();
                yield new RmsProp(rmsprop.getRate(), rmsprop.getAlpha(), rmsprop.getEpsilon(), rmsprop.getMomentum());
            }
            case ADAGRAD -> {
                var adagrad = optimizer.getAdagrad();
                yield new Adagrad(adagrad.getRate(), adagrad.getRateDecay(), adagrad.getEpsilon());
            }
            case KIND_NOT_SET -> throw new IllegalArgumentException("Job " + job + " has no optimizer");
        };
    }
}
