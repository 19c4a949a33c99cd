package dev.tutti.tensor.model;

import dev.tutti.tensor.autodiff.Autodiff;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MixedPrecision;

/**
 * Graphs of models. Inputs: {@code features} f32 [rows, inputs] and {@code labels} as {@link Task} says. Outputs: {@code loss-sum} f32 [1], the sum
 * (not the mean) of the rows' losses. All graphs of one {@link ModelSpec} have the same parameters at the same offsets.
 */
public final class Models {
    public static final String FEATURES = "features";
    public static final String LABELS = "labels";
    public static final String GRADIENT_SCALE = "gradient-scale";
    public static final String LOSS_SUM = "loss-sum";
    public static final String LOGITS = "logits";

    private Models() {}

    /**
     * Forward and backward. A further input, {@code gradient-scale} f32 [1], multiplies every gradient: 1/rows gives those of the mean loss.
     *
     * @param rows samples in a run, 1 or more
     * @param compute what matrix products read, f32 or bf16; parameters and gradients are f32 in both cases
     */
    public static Graph training(ModelSpec spec, Task task, int rows, ElementType compute) {
        GraphBuilder builder = new GraphBuilder();
        Tensor loss = forward(builder, spec, task, rows).loss();
        Tensor scale = builder.input(GRADIENT_SCALE, ElementType.F32, Shape.of(1));
        return MixedPrecision.lower(Autodiff.withGradients(builder.build(), loss, scale), compute);
    }

    /** Forward only. A further output: {@code logits} f32 [rows, outputs], what the last layer gives. */
    public static Graph evaluation(ModelSpec spec, Task task, int rows, ElementType compute) {
        GraphBuilder builder = new GraphBuilder();
        builder.output(LOGITS, forward(builder, spec, task, rows).logits());
        return MixedPrecision.lower(builder.build(), compute);
    }

    private record Forward(Tensor logits, Tensor loss) {}

    private static Forward forward(GraphBuilder builder, ModelSpec spec, Task task, int rows) {
        Tensor features = builder.input(FEATURES, ElementType.F32, Shape.of(rows, spec.inputs()));
        Tensor labels = switch (task) {
            case CROSS_ENTROPY -> builder.input(LABELS, ElementType.I32, Shape.of(rows));
            case MSE -> builder.input(LABELS, ElementType.F32, Shape.of(rows, spec.outputs()));
        };
        Tensor logits = switch (spec) {
            case ModelSpec.Mlp mlp -> MlpLayers.forward(builder, mlp, features);
        };
        Tensor loss = builder.add(
                "loss",
                switch (task) {
                    case CROSS_ENTROPY -> new LossOp.CrossEntropy(logits, labels);
                    case MSE -> new LossOp.SquaredError(logits, labels);
                });
        builder.output(LOSS_SUM, loss);
        return new Forward(logits, loss);
    }
}
