package dev.tutti.tensor.model;

import dev.tutti.tensor.autodiff.Autodiff;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MixedPrecision;
import dev.tutti.tensor.random.DropoutKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Graphs of models. Inputs: {@code features} [samples, …] as {@link ModelInput} says and {@code labels} as {@link Task} says. Outputs: {@code loss-sum} f32 [1],
 * the sum (not the mean) of the rows' losses. All graphs of one {@link ModelSpec} have the same parameters at the same offsets.
 */
public final class Models {
    public static final String FEATURES = "features";
    public static final String LABELS = "labels";
    public static final String GRADIENT_SCALE = "gradient-scale";
    public static final String STATISTIC_SCALE = "statistic-scale";
    public static final String DROPOUT_KEY = "dropout-key";
    public static final String LOSS_SUM = "loss-sum";
    public static final String LOGITS = "logits";

    private Models() {}

    /**
     * Forward and backward. A further input, {@code gradient-scale} f32 [1], multiplies every gradient: 1/labels gives those of the mean loss. So does
     * {@code statistic-scale} f32 [1] for what parameters are averaged over: 1/samples gives its mean. A third, {@code dropout-key} i32 [{@value DropoutKey#WORDS}], is what dropouts draw from.
     *
     * @param samples in a run, 1 or more
     * @param compute what products read, f32, bf16 or f16; parameters and gradients are f32 in all cases
     * @throws IllegalArgumentException naming the layer that does not fit to what comes in
     */
    public static Graph training(ModelSpec spec, Objective objective, int samples, ElementType compute) {
        GraphBuilder builder = new GraphBuilder();
        Tensor features = features(builder, spec, samples);
        Tensor key = builder.input(DROPOUT_KEY, ElementType.I32, Shape.of(DropoutKey.WORDS));
        Tensor logits = logits(builder, spec, features, new LayerStack.Mode.Training(key));
        Tensor loss = loss(builder, objective, logits);
        Tensor scale = builder.input(GRADIENT_SCALE, ElementType.F32, Shape.SCALAR);
        Tensor statisticScale = builder.input(STATISTIC_SCALE, ElementType.F32, Shape.SCALAR);
        return MixedPrecision.lower(Autodiff.withGradients(builder.build(), loss, scale, statisticScale), compute);
    }

    /** Forward only. A further output: {@code logits} f32 [rows, outputs], what the last layer gives. */
    public static Graph evaluation(ModelSpec spec, Objective objective, int samples, ElementType compute) {
        GraphBuilder builder = new GraphBuilder();
        Tensor features = features(builder, spec, samples);
        Tensor logits = logits(builder, spec, features, new LayerStack.Mode.Evaluation());
        loss(builder, objective, logits);
        builder.output(LOGITS, logits);
        return MixedPrecision.lower(builder.build(), compute);
    }

    private static Tensor features(GraphBuilder builder, ModelSpec spec, int samples) {
        List<Integer> sizes = new ArrayList<>(spec.input().shape());
        sizes.addFirst(samples);
        return builder.input(FEATURES, spec.input().type(), new Shape(sizes));
    }

    /** [rows, outputs]. */
    private static Tensor logits(GraphBuilder builder, ModelSpec spec, Tensor features, LayerStack.Mode mode) {
        LayerStack stack = new LayerStack(builder, mode, padding(builder, spec, features));
        Tensor logits = stack.append(spec.layers(), features);
        if (logits.type() != ElementType.F32) {
            throw new IllegalArgumentException("model.layers: expected numbers from the last layer, got tokens");
        }
        int outputs = logits.shape().last();
        return stack.reshape("logits", logits, Shape.of(Math.toIntExact(logits.elementCount() / outputs), outputs));
    }

    private static Optional<Tensor> padding(GraphBuilder builder, ModelSpec spec, Tensor features) {
        return switch (spec.input()) {
            case ModelInput.Tokens(int _, var padding)
            when padding.isPresent() ->
                Optional.of(builder.add("padding", new SequenceOp.PaddingMask(features, padding.getAsInt())));
            case ModelInput.Tokens _, ModelInput.Numbers _ -> Optional.empty();
        };
    }

    private static Tensor loss(GraphBuilder builder, Objective objective, Tensor logits) {
        Tensor labels = builder.input(
                LABELS,
                switch (objective.task()) {
                    case CROSS_ENTROPY -> ElementType.I32;
                    case MSE, BINARY_CROSS_ENTROPY -> ElementType.F32;
                },
                switch (objective.task()) {
                    case CROSS_ENTROPY -> Shape.of(logits.shape().size(0));
                    case MSE, BINARY_CROSS_ENTROPY -> logits.shape();
                });
        Tensor loss = builder.add(
                "loss",
                switch (objective.task()) {
                    case CROSS_ENTROPY ->
                        new LossOp.CrossEntropy(logits, labels, objective.smoothing(), objective.ignored());
                    case MSE -> new LossOp.SquaredError(logits, labels);
                    case BINARY_CROSS_ENTROPY -> new LossOp.BinaryCrossEntropy(logits, labels);
                });
        builder.output(LOSS_SUM, loss);
        return loss;
    }
}
