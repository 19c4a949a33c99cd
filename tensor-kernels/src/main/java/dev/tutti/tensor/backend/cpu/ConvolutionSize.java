package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Window;

/**
 * What a convolution of images [channels, height, width, samples] computes.
 *
 * @param inputs channels of x in a group
 * @param outputs channels of the result in a group
 * @param height of x
 * @param width of x
 */
record ConvolutionSize(int groups, int inputs, int outputs, int height, int width, int samples, Window window) {
    static ConvolutionSize of(Shape x, int outputs, Window window, int groups) {
        ImageLayout layout = ImageLayout.SAMPLES_LAST;
        return new ConvolutionSize(
                groups,
                layout.channels(x) / groups,
                outputs / groups,
                layout.height(x),
                layout.width(x),
                layout.samples(x),
                window);
    }

    int outputHeight() {
        return window.outputHeight(height);
    }

    int outputWidth() {
        return window.outputWidth(width);
    }

    /** Elements of a row of a channel of the result. */
    int rowElements() {
        return Math.multiplyExact(outputWidth(), samples);
    }

    /** What one row of x adds to a pixel of the result: products of a group. */
    int rowTaps() {
        return inputs * window.width();
    }

    /** Products for one pixel of the result. */
    int taps() {
        return rowTaps() * window.height();
    }

    /** The first column of the result that sees x, and not its padding, at column {@code tap} of the window. */
    int firstColumn(int tap) {
        int padding = window.paddingWidth() - tap;
        return padding <= 0 ? 0 : Math.min(outputWidth(), Math.ceilDiv(padding, window.strideWidth()));
    }

    /** Behind the last such column. */
    int endColumn(int tap) {
        int end = Math.floorDiv(width - 1 + window.paddingWidth() - tap, window.strideWidth()) + 1;
        return Math.clamp(end, firstColumn(tap), outputWidth());
    }

    /** The column of x that a column of the result sees at column {@code tap} of the window. */
    int inputColumn(int column, int tap) {
        return column * window.strideWidth() + tap - window.paddingWidth();
    }
}
