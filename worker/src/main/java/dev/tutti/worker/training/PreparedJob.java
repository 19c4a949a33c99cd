package dev.tutti.worker.training;

import dev.tutti.proto.v1.Data;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Loss;
import dev.tutti.proto.v1.Model;
import dev.tutti.proto.v1.Transform;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Task;
import dev.tutti.worker.data.BatchLayout;
import dev.tutti.worker.data.DataException;
import dev.tutti.worker.data.DataPair;
import dev.tutti.worker.data.DataSplit;
import dev.tutti.worker.data.Dataset;
import dev.tutti.worker.data.LabelEncoding;
import dev.tutti.worker.data.PixelScale;

/** A job's spec and data, understood: everything planning and training derive from them alike. Immutable. */
record PreparedJob(
        JobSpec spec, DataPair data, DataSplit split, BatchPlan plan, ModelSpec model, Task task, ElementType compute) {
    /**
     * @param slices parts of a step
     * @throws DataException if the job cannot run on this data
     */
    static PreparedJob of(JobSpec spec, int slices, DataPair data) throws DataException {
        DataSplit split = new DataSplit(
                spec.getSeed(),
                data.train().sampleCount(),
                spec.getData().getSplit().getValidation());
        int batch = spec.getTraining().getBatch();
        if (batch < 1 || batch > split.trainCount()) {
            throw new DataException(
                    ("training.batch: expected at most the %d training samples there are (%d of the source's %d are"
                                    + " held out for validation), got %d")
                            .formatted(
                                    split.trainCount(),
                                    split.validationCount(),
                                    data.train().sampleCount(),
                                    Integer.toUnsignedLong(batch)));
        }
        return new PreparedJob(
                spec,
                data,
                split,
                new BatchPlan(split.trainCount(), batch, slices),
                model(spec.getModel(), data.train()),
                task(spec),
                compute(spec));
    }

    /** What the transforms of a job make of a byte. Several follow each other. */
    static PixelScale scale(Data data) throws DataException {
        PixelScale scale = PixelScale.UNIT;
        for (Transform transform : data.getTransformsList()) {
            scale = switch (transform.getKindCase()) {
                case NORMALIZE ->
                    scale.then(
                            transform.getNormalize().getMean(),
                            transform.getNormalize().getStd());
                case KIND_NOT_SET ->
                    throw new DataException("data.transforms: expected normalize, got an empty transform");
            };
        }
        return scale;
    }

    /** How rows of training data lie in a batch. */
    BatchLayout layout(Dataset dataset) {
        return new BatchLayout(
                dataset,
                switch (task) {
                    case CROSS_ENTROPY -> LabelEncoding.CLASS_INDEX;
                    case MSE, BINARY_CROSS_ENTROPY -> LabelEncoding.ONE_HOT;
                });
    }

    Graph trainingGraph(int rows) {
        return Models.training(model, Objective.of(task), rows, compute);
    }

    Graph evaluationGraph(int rows) {
        return Models.evaluation(model, Objective.of(task), rows, compute);
    }

    private static ModelSpec model(Model model, Dataset dataset) throws DataException {
        if (!model.getPreset().equals("mlp")) {
            throw new DataException("model.preset: expected mlp, got \"" + model.getPreset() + "\"");
        }
        return ModelSpec.mlp(dataset.featureCount(), model.getHiddenList(), dataset.classes());
    }

    private static Task task(JobSpec spec) {
        return spec.getTraining().getLoss() == Loss.LOSS_MSE ? Task.MSE : Task.CROSS_ENTROPY;
    }

    private static ElementType compute(JobSpec spec) {
        return switch (spec.getTraining().getPrecision()) {
            case PRECISION_BF16 -> ElementType.BF16;
            case PRECISION_F16 -> ElementType.F16;
            case PRECISION_F32, PRECISION_UNSPECIFIED, UNRECOGNIZED -> ElementType.F32;
        };
    }
}
