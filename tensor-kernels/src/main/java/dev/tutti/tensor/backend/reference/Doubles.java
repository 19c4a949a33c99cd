package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Values;

/** f64 on the heap. */
final class Doubles implements Values {
    private final double[] elements;

    Doubles(double[] elements) {
        this.elements = elements;
    }

    @Override
    public long count() {
        return elements.length;
    }

    @Override
    public double get(long index) {
        return elements[(int) index];
    }

    @Override
    public void set(long index, double value) {
        elements[(int) index] = value;
    }
}
