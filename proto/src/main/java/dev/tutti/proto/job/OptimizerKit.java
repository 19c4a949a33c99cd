package dev.tutti.proto.job;

import dev.tutti.proto.v1.Optimizer;
import dev.tutti.proto.v1.Training;

/**
 * Builds the optimizer a job asks for, for whoever has the formulas: this module has none. The job's numbers have been checked, and are all there.
 *
 * @param <R> a rule of update
 * @param <O> an optimizer: the rule, and what is done to gradients before it
 */
public record OptimizerKit<R, O>(
        OfSgd<R> sgd, OfAdam<R> adam, OfRmsprop<R> rmsprop, OfAdagrad<R> adagrad, WithRegularization<R, O> whole) {
    /** Stochastic gradient descent. */
    @FunctionalInterface
    public interface OfSgd<R> {
        R of(double rate, double momentum, boolean nesterov);
    }

    /** Also AdamW, whose decay is part of the regularization. */
    @FunctionalInterface
    public interface OfAdam<R> {
        R of(double rate, double beta1, double beta2, double epsilon);
    }

    /** RMSprop. */
    @FunctionalInterface
    public interface OfRmsprop<R> {
        R of(double rate, double alpha, double epsilon, double momentum);
    }

    /** Adagrad. */
    @FunctionalInterface
    public interface OfAdagrad<R> {
        R of(double rate, double rateDecay, double epsilon);
    }

    /** Puts a rule and what comes before it together. */
    @FunctionalInterface
    public interface WithRegularization<R, O> {
        /** @param clip infinite for none */
        O of(R rule, double l1, double l2, double decay, double clip);
    }

    /** @throws IllegalArgumentException if the job names no optimizer */
    public O build(String job, Training training) {
        return whole.of(
                rule(job, training.getOptimizer()),
                training.getRegularization().getL1(),
                training.getRegularization().getL2(),
                training.getOptimizer().getAdamw().getDecay(),
                training.getClip().hasValue() ? training.getClip().getValue() : Double.POSITIVE_INFINITY);
    }

    private R rule(String job, Optimizer optimizer) {
        return switch (optimizer.getKindCase()) {
            case SGD -> {
                var its = optimizer.getSgd();
                yield sgd.of(its.getRate(), its.getMomentum(), its.getNesterov());
            }
            case ADAM -> {
                var its = optimizer.getAdam();
                yield adam.of(its.getRate(), its.getBeta1(), its.getBeta2(), its.getEpsilon());
            }
            case ADAMW -> {
                var its = optimizer.getAdamw();
                yield adam.of(its.getRate(), its.getBeta1(), its.getBeta2(), its.getEpsilon());
            }
            case RMSPROP -> {
                var its = optimizer.getRmsprop();
                yield rmsprop.of(its.getRate(), its.getAlpha(), its.getEpsilon(), its.getMomentum());
            }
            case ADAGRAD -> {
                var its = optimizer.getAdagrad();
                yield adagrad.of(its.getRate(), its.getRateDecay(), its.getEpsilon());
            }
            case KIND_NOT_SET -> throw new IllegalArgumentException("Job " + job + " has no optimizer");
        };
    }
}
