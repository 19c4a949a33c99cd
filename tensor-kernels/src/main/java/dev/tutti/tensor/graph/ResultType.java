package dev.tutti.tensor.graph;

import java.util.List;

/**
 * What an operation's result is.
 *
 * @param suffix what is appended to the instruction's name; empty for the first result
 */
record ResultType(String suffix, ElementType type, Shape shape) {
    static List<ResultType> f32(Shape shape) {
        return List.of(first(shape));
    }

    static ResultType first(Shape shape) {
        return new ResultType("", ElementType.F32, shape);
    }

    static ResultType further(String suffix, Shape shape) {
        return new ResultType("." + suffix, ElementType.F32, shape);
    }
}
