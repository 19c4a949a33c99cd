package dev.tutti.tensor.graph;

/**
 * Over images [samples, channels, height, width], or what their {@link ImageLayout} says; n is a sample, o an output channel, p and q an output pixel,
 * i and j a place in the window.
 */
public sealed interface ConvolutionOp extends Op {
    /** Of all images among operands and results; weights are [out, in, height, width] in any case. */
    ImageLayout layout();

    /**
     * y[n, o, p, q] = bias[o] + Σ x[n, c, p · stride + i − padding, q · stride + j − padding] · weight[o, c, i, j], zero outside of the image;
     * a group of output channels sees its part of the input channels. f32.
     *
     * @param weight [out, in / groups, height, width], of x's type
     * @param bias f32 [out]
     */
    record Conv2d(Tensor x, Tensor weight, Tensor bias, Window window, int groups, ImageLayout layout)
            implements ConvolutionOp {}

    /**
     * {@link MaxPool} over 2×2 pixels side by side of the relu of {@link Conv2d}: what {@link dev.tutti.tensor.lowering.PoolFusion} makes of the three.
     * Results: y, f32, and i32 from which place of its window each y came, 2i + j, or 4 where none is positive.
     */
    record Conv2dMaxPool(Tensor x, Tensor weight, Tensor bias, Window window, int groups, ImageLayout layout)
            implements ConvolutionOp {}

    /**
     * The gradient of the convolution's result in {@link Conv2dMaxPool}: each pixel's goes to the place it came from.
     *
     * @param height of the convolution's result
     * @param width of the convolution's result
     */
    record MaxPoolScatter(Tensor gradient, Tensor places, int height, int width, ImageLayout layout)
            implements ConvolutionOp {}

    /**
     * dx of {@link Conv2d}, f32.
     *
     * @param height of x
     * @param width of x
     */
    record Conv2dInputGradient(
            Tensor gradient, Tensor weight, Window window, int groups, int height, int width, ImageLayout layout)
            implements ConvolutionOp {}

    /** Results: dweight and dbias of {@link Conv2d}, f32. */
    record Conv2dWeightGradient(Tensor gradient, Tensor x, Window window, int groups, ImageLayout layout)
            implements ConvolutionOp {}

    /** The largest of each window; padding counts as −∞, and is at most half of the window. */
    record MaxPool(Tensor x, Window window, ImageLayout layout) implements ConvolutionOp {}

    /** dx of {@link MaxPool}: to the first of the largest in each window, rows before columns. */
    record MaxPoolGradient(Tensor gradient, Tensor x, Window window, ImageLayout layout) implements ConvolutionOp {}

    /** The mean of each window, padding counted as zeros. */
    record AveragePool(Tensor x, Window window, ImageLayout layout) implements ConvolutionOp {}

    /**
     * dx of {@link AveragePool}.
     *
     * @param height of x
     * @param width of x
     */
    record AveragePoolGradient(Tensor gradient, Window window, int height, int width, ImageLayout layout)
            implements ConvolutionOp {}
}
