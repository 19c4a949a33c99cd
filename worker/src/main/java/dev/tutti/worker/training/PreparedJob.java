package dev.tutti.worker.training;

import dev.tutti.proto.v1.Data;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Training;
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
import dev.tutti.worker.data.SampleOrder;
import java.util.OptionalInt;

/** A job's spec and data, understood: everything planning and training derive from them alike. Immutable. */
record PreparedJob(
        JobSpec spec,
        DataPair data,
        DataSplit split,
        BatchPlan plan,
        ModelSpec model,
        Objective objective,
        ElementType compute) {
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
                JobModel.of(spec.getModel(), data.train()),
                objective(spec.getTraining(), data.train().classes()),
                compute(spec));
    }

    /** The same with steps of another size, which may be larger than there are samples. */
    PreparedJob withBatch(int batch) {
        BatchPlan other = new BatchPlan(Math.max(plan.trainCount(), batch), batch, plan.slices());
        return new PreparedJob(spec, data, split, other, model, objective, compute);
    }

    /** Which training sample comes when. */
    SampleOrder order() {
        return new SampleOrder(spec.getSeed(), split);
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

    /** How samples lie in a batch. */
    BatchLayout layout(Dataset dataset) {
        return new BatchLayout(
                dataset,
                switch (objective.task()) {
                    case CROSS_ENTROPY -> LabelEncoding.CLASS_INDEX;
                    case MSE, BINARY_CROSS_ENTROPY -> LabelEncoding.ONE_HOT;
                });
    }

    Graph trainingGraph(int rows) {
        return Models.training(model, objective, rows, compute);
    }

    /** Labels are not smoothed where a model is measured. */
    Graph evaluationGraph(int rows) {
        return Models.evaluation(model, new Objective(objective.task(), 0, objective.ignored()), rows, compute);
    }

    /** A negative label to ignore is one that no sample has, as PyTorch's -100. */
    private static Objective objective(Training training, int classes) throws DataException {
        if (training.getIgnoredLabel() >= classes) {
            throw new DataException(
                    "training.ignored-label: expected one of the %d classes, 0 to %d, or a negative number, got %d"
                            .formatted(classes, classes - 1, training.getIgnoredLabel()));
        }
        return new Objective(
                switch (training.getLoss()) {
                    case LOSS_MSE -> Task.MSE;
                    case LOSS_BINARY_CROSS_ENTROPY -> Task.BINARY_CROSS_ENTROPY;
                    case LOSS_CROSS_ENTROPY, LOSS_UNSPECIFIED, UNRECOGNIZED -> Task.CROSS_ENTROPY;
                },
                (float) training.getLabelSmoothing(),
                training.hasIgnoredLabel() ? OptionalInt.of(training.getIgnoredLabel()) : OptionalInt.empty());
    }

    private static ElementType compute(JobSpec spec) {
        return switch (spec.getTraining().getPrecision()) {
            case PRECISION_BF16 -> ElementType.BF16;
            case PRECISION_F16 -> ElementType.F16;
            case PRECISION_F32, PRECISION_UNSPECIFIED, UNRECOGNIZED -> ElementType.F32;
        };
    }
}
