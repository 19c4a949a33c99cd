package dev.tutti.tensor.graph;

/** Statistics of rows or channels, in f32 whatever products compute in. */
public sealed interface NormalizationOp extends Op {
    /** y[…, c] = exp(x[…, c]) / Σc exp(x[…, c]) over the last dimension. */
    record Softmax(Tensor x) implements NormalizationOp {}

    /** dx = output · (gradient − Σc gradient · output). */
    record SoftmaxGradient(Tensor gradient, Tensor output) implements NormalizationOp {}

    /**
     * y = (x − mean) / √(variance + epsilon) · gamma + beta over the last dimension; Ba, Kiros & Hinton 2016. Results: y, the rows' means and
     * inverse deviations, [rows] each.
     *
     * @param gamma [columns]
     * @param beta [columns]
     */
    record LayerNorm(Tensor x, Tensor gamma, Tensor beta, float epsilon) implements NormalizationOp {}

    /** Results: dx, dgamma, dbeta of {@link LayerNorm}. */
    record LayerNormGradient(Tensor gradient, Tensor x, Tensor gamma, Tensor mean, Tensor inverseDeviation)
            implements NormalizationOp {}

    /**
     * The same over samples and pixels, for each channel; Ioffe & Szegedy 2015. x is [samples, channels] or images as
     * their layout says.
     * Results: y, means, inverse deviations, and unbiased variances, [channels] each. Of a single value the unbiased variance, which is 0/0, is 0.
     *
     * @param runningMean not read here: {@link dev.tutti.tensor.autodiff.Autodiff} makes the batch's mean its "gradient", of which it becomes the moving average
     * @param runningVariance as {@code runningMean}
     */
    record BatchNorm(
            Tensor x,
            Tensor gamma,
            Tensor beta,
            Tensor runningMean,
            Tensor runningVariance,
            float epsilon,
            ImageLayout layout)
            implements NormalizationOp {}

    /** Results: dx, dgamma, dbeta of {@link BatchNorm}. */
    record BatchNormGradient(
            Tensor gradient, Tensor x, Tensor gamma, Tensor mean, Tensor inverseDeviation, ImageLayout layout)
            implements NormalizationOp {}

    /** {@link BatchNorm} with given statistics, for evaluation; has no gradient. */
    record BatchNormInference(
            Tensor x, Tensor gamma, Tensor beta, Tensor mean, Tensor variance, float epsilon, ImageLayout layout)
            implements NormalizationOp {}
}
