package dev.tutti.tensor.graph;

/** Images are [samples, channels, height, width]; n is a sample, o an output channel, p and q an output pixel, i and j a place in the window. */
public sealed interface ConvolutionOp extends Op {
    /**
     * y[n, o, p, q] = bias[o] + Σ x[n, c, p · stride + i − padding, q · stride + j − padding] · weight[o, c, i, j], zero outside of the image;
     * a group of output channels sees its part of the input channels. f32.
     *
     * @param weight [out, in / groups, height, width], of x's type
     * @param bias f32 [out]
     */
    record Conv2d(Tensor x, Tensor weight, Tensor bias, Window window, int groups) implements ConvolutionOp {}

    /**
     * dx of {@link Conv2d}, f32.
     *
     * @param height of x
     * @param width of x
     */
    record Conv2dInputGradient(Tensor gradient, Tensor weight, Window window, int groups, int height, int width)
            implements ConvolutionOp {}

    /** dweight of {@link Conv2d}, f32. */
    record Conv2dWeightGradient(Tensor gradient, Tensor x, Window window, int groups) implements ConvolutionOp {}

    /** y[c] = Σ x[n, c, p, q]: dbias of {@link Conv2d}. */
    record ChannelSum(Tensor x) implements ConvolutionOp {}

    /** The largest of each window; padding counts as −∞, and is at most half of the window. */
    record MaxPool(Tensor x, Window window) implements ConvolutionOp {}

    /** dx of {@link MaxPool}: to the first of the largest in each window, rows before columns. */
    record MaxPoolGradient(Tensor gradient, Tensor x, Window window) implements ConvolutionOp {}

    /** The mean of each window, padding counted as zeros. */
    record AveragePool(Tensor x, Window window) implements ConvolutionOp {}

    /**
     * dx of {@link AveragePool}.
     *
     * @param height of x
     * @param width of x
     */
    record AveragePoolGradient(Tensor gradient, Window window, int height, int width) implements ConvolutionOp {}
}
