package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.Shape;

/** Images as their layout says, or a weight [out, in, height, width]. */
record Images(Values values, ImageLayout layout, int samples, int channels, int height, int width) {
    static Images of(Values values, Shape shape, ImageLayout layout) {
        return new Images(
                values,
                layout,
                layout.samples(shape),
                layout.channels(shape),
                layout.height(shape),
                layout.width(shape));
    }

    static Images weight(Values values, Shape shape) {
        return of(values, shape, ImageLayout.SAMPLES_FIRST);
    }

    boolean contains(int row, int column) {
        return row >= 0 && row < height && column >= 0 && column < width;
    }

    double get(int sample, int channel, int row, int column) {
        return values.get(index(sample, channel, row, column));
    }

    /** Zero outside. */
    double padded(int sample, int channel, int row, int column) {
        return contains(row, column) ? get(sample, channel, row, column) : 0;
    }

    void set(int sample, int channel, int row, int column, double value) {
        values.set(index(sample, channel, row, column), value);
    }

    long index(int sample, int channel, int row, int column) {
        return switch (layout) {
            case SAMPLES_FIRST -> (((long) sample * channels + channel) * height + row) * width + column;
            case SAMPLES_LAST -> (((long) channel * height + row) * width + column) * samples + sample;
        };
    }

    /** Calls for each element. */
    void forEach(Pixel pixel) {
        for (int sample = 0; sample < samples; sample++) {
            for (int channel = 0; channel < channels; channel++) {
                for (int row = 0; row < height; row++) {
                    for (int column = 0; column < width; column++) {
                        pixel.at(sample, channel, row, column);
                    }
                }
            }
        }
    }

    @FunctionalInterface
    interface Pixel {
        void at(int sample, int channel, int row, int column);
    }
}
