package dev.tutti.tensor.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Sizes of a tensor's dimensions, outermost first; its elements are row-major and dense. */
public record Shape(List<Integer> sizes) {
    /** One number. */
    public static final Shape SCALAR = Shape.of(1);

    public Shape {
        sizes = List.copyOf(sizes);
        if (sizes.isEmpty() || sizes.stream().anyMatch(size -> size < 1)) {
            throw new IllegalArgumentException("a shape needs sizes of 1 or more, got " + sizes);
        }
    }

    public static Shape of(int... sizes) {
        return new Shape(Arrays.stream(sizes).boxed().toList());
    }

    public int rank() {
        return sizes.size();
    }

    public int size(int dimension) {
        return sizes.get(dimension);
    }

    /** The size of the innermost dimension. */
    public int last() {
        return sizes.getLast();
    }

    /** The same but for one dimension. */
    public Shape with(int dimension, int size) {
        List<Integer> changed = new ArrayList<>(sizes);
        changed.set(dimension, size);
        return new Shape(changed);
    }

    /** Without one of two dimensions or more. */
    public Shape without(int dimension) {
        List<Integer> fewer = new ArrayList<>(sizes.subList(0, dimension));
        fewer.addAll(sizes.subList(dimension + 1, rank()));
        return new Shape(fewer);
    }

    /** With one more dimension, the innermost. */
    public Shape append(int size) {
        List<Integer> longer = new ArrayList<>(sizes);
        longer.add(size);
        return new Shape(longer);
    }

    public long elementCount() {
        long count = 1;
        for (int size : sizes) {
            count = Math.multiplyExact(count, (long) size);
        }
        return count;
    }

    @Override
    public String toString() {
        return sizes.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
    }
}
