package dev.tutti.tensor.graph;

/** In which order the dimensions of images lie in memory. */
public enum ImageLayout {
    /** [samples, channels, height, width]: how models are written. */
    SAMPLES_FIRST(0),
    /**
     * [channels, height, width, samples]: what is done to a pixel is done to a run of neighbours in memory as long as the batch, and a channel is one
     * run. {@link dev.tutti.tensor.lowering.SamplesLast} makes it of the other for backends that compute so.
     */
    SAMPLES_LAST(3);

    private final int samples;

    ImageLayout(int samples) {
        this.samples = samples;
    }

    public int samples(Shape images) {
        return images.size(samples);
    }

    public int channels(Shape images) {
        return images.size(axis(1));
    }

    public int height(Shape images) {
        return images.size(axis(2));
    }

    public int width(Shape images) {
        return images.size(axis(3));
    }

    /** The dimension that is {@code dimension} in {@link #SAMPLES_FIRST}. */
    public int axis(int dimension) {
        return (samples + dimension) % 4;
    }

    public Shape shape(int samples, int channels, int height, int width) {
        return switch (this) {
            case SAMPLES_FIRST -> Shape.of(samples, channels, height, width);
            case SAMPLES_LAST -> Shape.of(channels, height, width, samples);
        };
    }

    /** The same images in another size. */
    Shape resized(Shape images, int height, int width) {
        return shape(samples(images), channels(images), height, width);
    }
}
