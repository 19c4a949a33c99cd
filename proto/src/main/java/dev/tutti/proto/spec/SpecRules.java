package dev.tutti.proto.spec;

import dev.tutti.proto.v1.Adagrad;
import dev.tutti.proto.v1.Adam;
import dev.tutti.proto.v1.Adamw;
import dev.tutti.proto.v1.CheckpointPolicy;
import dev.tutti.proto.v1.Cluster;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Loss;
import dev.tutti.proto.v1.Optimizer;
import dev.tutti.proto.v1.Rmsprop;
import dev.tutti.proto.v1.Sgd;
import dev.tutti.proto.v1.Training;
import java.util.List;
import java.util.Optional;

/** The rules of a job, in the order of the job file. One instance checks one job. */
final class SpecRules {
    private static final int MAX_NAME_LENGTH = 128;

    private final Problems problems = new Problems();

    List<SpecProblem> check(JobSpec spec) {
        if (spec.getName().isBlank() || spec.getName().length() > MAX_NAME_LENGTH) {
            problems.add("name", "must have 1 to " + MAX_NAME_LENGTH + " characters");
        }
        new ModelRules(problems).check(spec.getModel(), spec.getData());
        new DataRules(problems).check(spec.getData());
        training(spec.getTraining(), spec.getCluster());
        cluster(spec.getCluster(), spec.getTraining());
        checkpoint(spec.getCheckpoint());
        new SparseRules(problems).check(spec);
        return problems.found();
    }

    private void training(Training training, Cluster cluster) {
        problems.requiredCount("training.epochs", training.hasEpochs(), training.getEpochs());
        problems.requiredCount("training.batch", training.hasBatch(), training.getBatch());
        if (training.getLoss() == Loss.LOSS_UNSPECIFIED || training.getLoss() == Loss.UNRECOGNIZED) {
            problems.add("training.loss", "must be cross-entropy, mse or binary-cross-entropy");
        }
        problems.fraction("training.label-smoothing", training.getLabelSmoothing());
        if (training.getLoss() != Loss.LOSS_CROSS_ENTROPY) {
            ofCrossEntropy("training.label-smoothing", training.getLabelSmoothing() != 0);
            ofCrossEntropy("training.ignored-label", training.hasIgnoredLabel());
        }
        optimizer(training.getOptimizer());
        problems.notNegative(
                "training.regularization.l1", training.getRegularization().getL1());
        problems.notNegative(
                "training.regularization.l2", training.getRegularization().getL2());
        if (training.getClip().hasValue()) {
            problems.positive("training.clip.value", training.getClip().getValue());
        }
        PrecisionRules.check(training, problems);
        ConsistencyRules.check(training.getConsistency(), cluster, problems);
        EncodingRules.check(training, problems);
    }

    private void ofCrossEntropy(String path, boolean isSet) {
        if (isSet) {
            problems.mismatch(
                    path,
                    "needs training.loss to be cross-entropy",
                    "training.loss",
                    Optional.of("training.loss=cross-entropy"));
        }
    }

    private void optimizer(Optimizer optimizer) {
        String path = "training.optimizer";
        switch (optimizer.getKindCase()) {
            case SGD -> sgd(path + ".sgd", optimizer.getSgd());
            case ADAM -> {
                Adam adam = optimizer.getAdam();
                adam(path + ".adam", adam.getRate(), adam.getBeta1(), adam.getBeta2(), adam.getEpsilon());
            }
            case ADAMW -> {
                Adamw adamw = optimizer.getAdamw();
                adam(path + ".adamw", adamw.getRate(), adamw.getBeta1(), adamw.getBeta2(), adamw.getEpsilon());
                problems.notNegative(path + ".adamw.decay", adamw.getDecay());
            }
            case RMSPROP -> rmsprop(path + ".rmsprop", optimizer.getRmsprop());
            case ADAGRAD -> adagrad(path + ".adagrad", optimizer.getAdagrad());
            case KIND_NOT_SET -> problems.add(path, "must be one of sgd, adam, adamw, rmsprop and adagrad");
        }
    }

    private void sgd(String path, Sgd sgd) {
        if (sgd.hasRate()) {
            problems.positive(path + ".rate", sgd.getRate());
        } else {
            problems.add(path + ".rate", Problems.MISSING);
        }
        problems.fraction(path + ".momentum", sgd.getMomentum());
        if (sgd.getNesterov() && sgd.getMomentum() == 0) {
            problems.add(path + ".nesterov", "needs a momentum greater than 0");
        }
    }

    private void adam(String path, double rate, double beta1, double beta2, double epsilon) {
        problems.positive(path + ".rate", rate);
        problems.fraction(path + ".beta1", beta1);
        problems.fraction(path + ".beta2", beta2);
        problems.positive(path + ".epsilon", epsilon);
    }

    private void rmsprop(String path, Rmsprop rmsprop) {
        problems.positive(path + ".rate", rmsprop.getRate());
        problems.fraction(path + ".alpha", rmsprop.getAlpha());
        problems.positive(path + ".epsilon", rmsprop.getEpsilon());
        problems.fraction(path + ".momentum", rmsprop.getMomentum());
    }

    private void adagrad(String path, Adagrad adagrad) {
        problems.positive(path + ".rate", adagrad.getRate());
        problems.notNegative(path + ".rate-decay", adagrad.getRateDecay());
        problems.positive(path + ".epsilon", adagrad.getEpsilon());
    }

    private void cluster(Cluster cluster, Training training) {
        long min = Integer.toUnsignedLong(cluster.getWorkers().getMin());
        long max = Integer.toUnsignedLong(cluster.getWorkers().getMax());
        long slices = Integer.toUnsignedLong(cluster.getSlices());
        long batch = Integer.toUnsignedLong(training.getBatch());
        problems.count("cluster.workers.min", cluster.getWorkers().getMin());
        problems.count("cluster.workers.max", cluster.getWorkers().getMax());
        boolean hasMostWorkers =
                WholeRange.allows("cluster.workers.max", cluster.getWorkers().getMax());
        if (min > max
                && hasMostWorkers
                && WholeRange.allows("cluster.workers.min", cluster.getWorkers().getMin())) {
            problems.mismatch(
                    "cluster.workers.max",
                    "must be at least workers.min, which is %d, got %d".formatted(min, max),
                    "cluster.workers.min",
                    Optional.of("cluster.workers.max=" + min));
        }
        problems.count("cluster.parameter-servers", cluster.getParameterServers());
        if (slices < max && hasMostWorkers) {
            problems.mismatch(
                    "cluster.slices",
                    "must be at least workers.max, which is %d, so that every worker has a slice, got %d"
                            .formatted(max, slices),
                    "cluster.workers.max",
                    Optional.of("cluster.slices=" + max));
        }
        if (batch > 0 && slices > batch) {
            problems.mismatch(
                    "cluster.slices",
                    "must be at most training.batch, which is %d, so that no slice is empty, got %d"
                            .formatted(batch, slices),
                    "training.batch",
                    batch < max ? Optional.empty() : Optional.of("cluster.slices=" + batch));
        }
    }

    private void checkpoint(CheckpointPolicy checkpoint) {
        problems.count("checkpoint.every", checkpoint.getEvery());
        problems.count("checkpoint.keep", checkpoint.getKeep());
    }
}
