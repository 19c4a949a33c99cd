package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Shape;

/** A tensor [samples, channels, height, width]. */
record Images(Values values, int samples, int channels, int height, int width) {
    static Images of(Values values, Shape shape) {
        return new Images(values, shape.size(0), shape.size(1), shape.size(2), shape.size(3));
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
        return (((long) sample * channels + channel) * height + row) * width + column;
    }

    /** Calls for each element, in order. */
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
