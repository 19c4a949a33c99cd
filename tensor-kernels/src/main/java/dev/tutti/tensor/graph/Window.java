package dev.tutti.tensor.graph;

/**
 * What a convolution or a pooling sees of an image at once, in pixels. Padding is on both sides.
 */
public record Window(int height, int width, int strideHeight, int strideWidth, int paddingHeight, int paddingWidth) {
    public Window {
        if (height < 1 || width < 1 || strideHeight < 1 || strideWidth < 1 || paddingHeight < 0 || paddingWidth < 0) {
            throw new IllegalArgumentException(
                    "a window needs sizes and strides of 1 or more and paddings of 0 or more, got %dx%d, stride %dx%d, padding %dx%d"
                            .formatted(height, width, strideHeight, strideWidth, paddingHeight, paddingWidth));
        }
    }

    public static Window square(int size, int stride, int padding) {
        return new Window(size, size, stride, stride, padding, padding);
    }

    /** Rows of the result: ⌊(height + 2 · padding − window) / stride⌋ + 1; less than 1 if the window does not fit. */
    public int outputHeight(int inputHeight) {
        return Math.floorDiv(inputHeight + 2 * paddingHeight - height, strideHeight) + 1;
    }

    /** Columns of the result. */
    public int outputWidth(int inputWidth) {
        return Math.floorDiv(inputWidth + 2 * paddingWidth - width, strideWidth) + 1;
    }

    public int area() {
        return height * width;
    }

    @Override
    public String toString() {
        return height + "x" + width + "/" + strideHeight + "x" + strideWidth + "+" + paddingHeight + "x" + paddingWidth;
    }
}
