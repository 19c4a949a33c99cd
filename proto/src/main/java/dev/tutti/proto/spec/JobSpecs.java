package dev.tutti.proto.spec;

import dev.tutti.proto.v1.CheckpointPolicy;
import dev.tutti.proto.v1.Cluster;
import dev.tutti.proto.v1.Data;
import dev.tutti.proto.v1.DigitsSource;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Loss;
import dev.tutti.proto.v1.Model;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Training;
import dev.tutti.proto.v1.WorkerCount;
import java.util.List;

/** What a job means when it leaves something out, and what it must not say. */
public final class JobSpecs {
    /** How many digits {@code data.source: digits} draws, and {@code {digits: …}} where it does not say. */
    public static final int DEFAULT_TRAIN_DIGITS = 12_000;

    public static final int DEFAULT_TEST_DIGITS = 2_000;

    private static final int DEFAULT_KEEP = 3;

    private JobSpecs() {}

    /** The job with everything filled in that has a default. What is set stays as it is, right or wrong. */
    public static JobSpec withDefaults(JobSpec spec) {
        Data data = withDefaults(spec.getData(), spec.getModel());
        return spec.toBuilder()
                .setName(spec.hasName() ? spec.getName() : "job")
                .setModel(ModelDefaults.fill(spec.getModel(), data))
                .setData(data)
                .setTraining(withDefaults(spec.getTraining()))
                .setCluster(withDefaults(spec.getCluster()))
                .setCheckpoint(withDefaults(spec.getCheckpoint()))
                .build();
    }

    /**
     * The rules a job breaks, in the order of the job file; none if it is valid as far as can be told without its data.
     *
     * @param spec as {@link #withDefaults} returned it
     */
    public static List<SpecProblem> problems(JobSpec spec) {
        return new SpecRules().check(spec);
    }

    /** That there is a split is said even if it holds nothing out: whoever prints a job shows what is there. */
    private static Data withDefaults(Data data, Model model) {
        Data.Builder filled = data.toBuilder().setSplit(data.getSplit());
        if (data.getSource().hasDigits()) {
            DigitsSource.Builder digits = filled.getSourceBuilder().getDigitsBuilder();
            digits.setTrain(digits.hasTrain() ? digits.getTrain() : DEFAULT_TRAIN_DIGITS);
            digits.setTest(digits.hasTest() ? digits.getTest() : DEFAULT_TEST_DIGITS);
        }
        if (data.getSource().hasText()) {
            filled.getSourceBuilder().setText(TextData.source(data, model));
        }
        return filled.build();
    }

    private static Training withDefaults(Training training) {
        Training.Builder filled = training.toBuilder();
        if (training.getLoss() == Loss.LOSS_UNSPECIFIED) {
            filled.setLoss(Loss.LOSS_CROSS_ENTROPY);
        }
        if (training.getPrecision() == Precision.PRECISION_UNSPECIFIED) {
            filled.setPrecision(Precision.PRECISION_F32);
        }
        filled.setConsistency(ConsistencyRules.withDefaults(training.getConsistency()));
        filled.setExchange(EncodingRules.withDefaults(training.getExchange()));
        // Said even if there is none, as with the split.
        filled.setRegularization(training.getRegularization()).setClip(training.getClip());
        filled.setOptimizer(OptimizerDefaults.fill(training.getOptimizer()));
        return PrecisionRules.withDefaults(filled.build());
    }

    /** What follows from a value that is out of range is not filled in with it: one mistake is one problem, of the key that was written. */
    private static Cluster withDefaults(Cluster cluster) {
        WorkerCount workers = cluster.getWorkers();
        int min = workers.hasMin() ? workers.getMin() : 1;
        int max = workers.hasMax() ? workers.getMax() : WholeRange.allows("cluster.workers.min", min) ? min : 1;
        int slices = WholeRange.allows("cluster.workers.max", max) ? max : 1;
        return cluster.toBuilder()
                .setWorkers(WorkerCount.newBuilder().setMin(min).setMax(max))
                .setParameterServers(cluster.hasParameterServers() ? cluster.getParameterServers() : 1)
                .setSlices(cluster.getSlices() == 0 ? slices : cluster.getSlices())
                .build();
    }

    private static CheckpointPolicy withDefaults(CheckpointPolicy checkpoint) {
        return checkpoint.toBuilder()
                .setKeep(checkpoint.hasKeep() ? checkpoint.getKeep() : DEFAULT_KEEP)
                .build();
    }
}
