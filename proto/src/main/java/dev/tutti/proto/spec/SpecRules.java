package dev.tutti.proto.spec;

import dev.tutti.proto.v1.Adagrad;
import dev.tutti.proto.v1.Adam;
import dev.tutti.proto.v1.Adamw;
import dev.tutti.proto.v1.CheckpointPolicy;
import dev.tutti.proto.v1.Cluster;
import dev.tutti.proto.v1.Data;
import dev.tutti.proto.v1.DataSource;
import dev.tutti.proto.v1.IdxSource;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Loss;
import dev.tutti.proto.v1.Model;
import dev.tutti.proto.v1.Normalize;
import dev.tutti.proto.v1.Optimizer;
import dev.tutti.proto.v1.Rmsprop;
import dev.tutti.proto.v1.Sgd;
import dev.tutti.proto.v1.Training;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The rules of a job, in the order of the job file. One instance checks one job. */
final class SpecRules {
    private static final List<String> PRESETS = List.of("mlp");
    private static final List<String> SOURCES = List.of("mnist", "digits");
    private static final int MAX_NAME_LENGTH = 128;
    private static final int MAX_LAYERS = 1000;
    private static final String MISSING = "is missing";

    private final List<SpecProblem> problems = new ArrayList<>();

    List<SpecProblem> check(JobSpec spec) {
        if (spec.getName().isBlank() || spec.getName().length() > MAX_NAME_LENGTH) {
            problem("name", "must have 1 to " + MAX_NAME_LENGTH + " characters");
        }
        model(spec.getModel());
        data(spec.getData());
        training(spec.getTraining());
        cluster(spec.getCluster(), spec.getTraining());
        checkpoint(spec.getCheckpoint());
        return List.copyOf(problems);
    }

    private void model(Model model) {
        if (model.getPreset().isEmpty()) {
            problem("model.preset", "is missing; known presets: " + String.join(", ", PRESETS));
        } else if (!PRESETS.contains(model.getPreset())) {
            problem(
                    "model.preset",
                    "is no preset: " + model.getPreset() + DidYouMean.hint(model.getPreset(), PRESETS)
                            + "; known presets: " + String.join(", ", PRESETS));
        }
        if (model.getHiddenCount() > MAX_LAYERS) {
            problem("model.hidden", "must have at most " + MAX_LAYERS + " layers, got " + model.getHiddenCount());
        }
        for (int layer = 0; layer < model.getHiddenCount(); layer++) {
            count("model.hidden[" + layer + "]", model.getHidden(layer));
        }
    }

    private void data(Data data) {
        source(data.getSource());
        double validation = data.getSplit().getValidation();
        if (!(validation >= 0 && validation < 1)) {
            problem("data.split.validation", "must be at least 0 and less than 1, got " + validation);
        }
        for (int i = 0; i < data.getTransformsCount(); i++) {
            String path = "data.transforms[" + i + "]";
            switch (data.getTransforms(i).getKindCase()) {
                case NORMALIZE ->
                    normalize(path + ".normalize", data.getTransforms(i).getNormalize());
                case KIND_NOT_SET -> problem(path, "is empty; known transforms: normalize");
            }
        }
    }

    private void source(DataSource source) {
        String path = "data.source";
        switch (source.getKindCase()) {
            case NAME -> {
                if (!SOURCES.contains(source.getName())) {
                    problem(
                            path,
                            "is no source: " + source.getName() + DidYouMean.hint(source.getName(), SOURCES)
                                    + "; known sources: " + String.join(", ", SOURCES) + ", or {idx: …}, {digits: …}");
                }
            }
            case IDX -> idx(path + ".idx", source.getIdx());
            case DIGITS -> {
                count(path + ".digits.train", source.getDigits().getTrain());
                count(path + ".digits.test", source.getDigits().getTest());
            }
            case TEXT -> problem(path, "cannot be a text yet");
            case KIND_NOT_SET ->
                problem(
                        path,
                        "is missing; known sources: " + String.join(", ", SOURCES) + ", or {idx: …}, {digits: …}");
        }
    }

    private void idx(String path, IdxSource idx) {
        file(path + ".train-images", idx.getTrainImages());
        file(path + ".train-labels", idx.getTrainLabels());
        file(path + ".test-images", idx.getTestImages());
        file(path + ".test-labels", idx.getTestLabels());
    }

    private void file(String path, String name) {
        if (name.isEmpty()) {
            problem(path, "is missing; it names an IDX file, gzipped or not");
        }
    }

    private void normalize(String path, Normalize normalize) {
        if (!Double.isFinite(normalize.getMean())) {
            problem(path + ".mean", "must be a finite number, got " + normalize.getMean());
        }
        if (!normalize.hasStd()) {
            problem(path + ".std", MISSING);
        } else if (!Double.isFinite(normalize.getStd()) || normalize.getStd() == 0) {
            problem(path + ".std", "must be a finite number other than 0, got " + normalize.getStd());
        }
    }

    private void training(Training training) {
        requiredCount("training.epochs", training.hasEpochs(), training.getEpochs());
        requiredCount("training.batch", training.hasBatch(), training.getBatch());
        if (training.getLoss() == Loss.LOSS_UNSPECIFIED || training.getLoss() == Loss.UNRECOGNIZED) {
            problem("training.loss", "must be cross-entropy or mse");
        }
        optimizer(training.getOptimizer());
        notNegative("training.regularization.l1", training.getRegularization().getL1());
        notNegative("training.regularization.l2", training.getRegularization().getL2());
        if (training.getClip().hasValue()) {
            positive("training.clip.value", training.getClip().getValue());
        }
        problems.addAll(PrecisionRules.check(training));
        switch (training.getConsistency().getKindCase()) {
            case SYNCHRONOUS, ASYNCHRONOUS -> {
                // Neither has settings.
            }
            case KIND_NOT_SET -> problem("training.consistency", "must be synchronous or asynchronous");
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
                notNegative(path + ".adamw.decay", adamw.getDecay());
            }
            case RMSPROP -> rmsprop(path + ".rmsprop", optimizer.getRmsprop());
            case ADAGRAD -> adagrad(path + ".adagrad", optimizer.getAdagrad());
            case KIND_NOT_SET -> problem(path, "must be one of sgd, adam, adamw, rmsprop and adagrad");
        }
    }

    private void sgd(String path, Sgd sgd) {
        if (sgd.hasRate()) {
            positive(path + ".rate", sgd.getRate());
        } else {
            problem(path + ".rate", MISSING);
        }
        fraction(path + ".momentum", sgd.getMomentum());
        if (sgd.getNesterov() && sgd.getMomentum() == 0) {
            problem(path + ".nesterov", "needs a momentum greater than 0");
        }
    }

    private void adam(String path, double rate, double beta1, double beta2, double epsilon) {
        positive(path + ".rate", rate);
        fraction(path + ".beta1", beta1);
        fraction(path + ".beta2", beta2);
        positive(path + ".epsilon", epsilon);
    }

    private void rmsprop(String path, Rmsprop rmsprop) {
        positive(path + ".rate", rmsprop.getRate());
        fraction(path + ".alpha", rmsprop.getAlpha());
        positive(path + ".epsilon", rmsprop.getEpsilon());
        fraction(path + ".momentum", rmsprop.getMomentum());
    }

    private void adagrad(String path, Adagrad adagrad) {
        positive(path + ".rate", adagrad.getRate());
        notNegative(path + ".rate-decay", adagrad.getRateDecay());
        positive(path + ".epsilon", adagrad.getEpsilon());
    }

    private void cluster(Cluster cluster, Training training) {
        long min = Integer.toUnsignedLong(cluster.getWorkers().getMin());
        long max = Integer.toUnsignedLong(cluster.getWorkers().getMax());
        long slices = Integer.toUnsignedLong(cluster.getSlices());
        long batch = Integer.toUnsignedLong(training.getBatch());
        count("cluster.workers.min", cluster.getWorkers().getMin());
        count("cluster.workers.max", cluster.getWorkers().getMax());
        if (min > max) {
            mismatch(
                    "cluster.workers.max",
                    "must be at least workers.min, which is %d, got %d".formatted(min, max),
                    "cluster.workers.min",
                    Optional.of("cluster.workers.max=" + min));
        }
        count("cluster.parameter-servers", cluster.getParameterServers());
        if (slices < max) {
            mismatch(
                    "cluster.slices",
                    "must be at least workers.max, which is %d, so that every worker has a slice, got %d"
                            .formatted(max, slices),
                    "cluster.workers.max",
                    Optional.of("cluster.slices=" + max));
        }
        if (batch > 0 && slices > batch) {
            mismatch(
                    "cluster.slices",
                    "must be at most training.batch, which is %d, so that no slice is empty, got %d"
                            .formatted(batch, slices),
                    "training.batch",
                    batch < max ? Optional.empty() : Optional.of("cluster.slices=" + batch));
        }
    }

    private void checkpoint(CheckpointPolicy checkpoint) {
        count("checkpoint.every", checkpoint.getEvery());
        count("checkpoint.keep", checkpoint.getKeep());
    }

    private void requiredCount(String path, boolean isThere, int value) {
        if (isThere) {
            count(path, value);
        } else {
            problem(path, MISSING);
        }
    }

    private void count(String path, int value) {
        long unsigned = Integer.toUnsignedLong(value);
        WholeRange range = WholeRange.of(path).orElseThrow();
        if (!range.contains(unsigned)) {
            problem(path, range.refusal(unsigned));
        }
    }

    private void positive(String path, double value) {
        if (!Double.isFinite(value) || value <= 0) {
            problem(path, "must be a finite number greater than 0, got " + value);
        }
    }

    private void notNegative(String path, double value) {
        if (!Double.isFinite(value) || value < 0) {
            problem(path, "must be a finite number, 0 or greater, got " + value);
        }
    }

    private void fraction(String path, double value) {
        if (!(value >= 0 && value < 1)) {
            problem(path, "must be at least 0 and less than 1, got " + value);
        }
    }

    private void problem(String path, String sentence) {
        problems.add(SpecProblem.of(path, sentence));
    }

    private void mismatch(String path, String sentence, String measuredBy, Optional<String> remedy) {
        problems.add(new SpecProblem(path, sentence, Optional.of(measuredBy), remedy));
    }
}
