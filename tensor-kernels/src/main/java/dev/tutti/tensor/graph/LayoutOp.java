package dev.tutti.tensor.graph;

import java.util.List;

/** The same numbers elsewhere, or sums of them. Axes count from 0, outermost first. */
public sealed interface LayoutOp extends Op {
    /** The same elements in the same order. Costs nothing where the result can share the operand's memory. */
    record Reshape(Tensor x, Shape shape) implements LayoutOp {}

    /** Dimension i of the result is dimension {@code axes[i]} of x. */
    record Transpose(Tensor x, List<Integer> axes) implements LayoutOp {
        public Transpose {
            axes = List.copyOf(axes);
        }

        /** The axes that undo this. */
        public List<Integer> inverse() {
            Integer[] inverse = new Integer[axes.size()];
            for (int i = 0; i < inverse.length; i++) {
                inverse[axes.get(i)] = i;
            }
            return List.of(inverse);
        }
    }

    /** One after the other along an axis; other dimensions are equal. */
    record Concat(List<Tensor> parts, int axis) implements LayoutOp {
        public Concat {
            parts = List.copyOf(parts);
        }
    }

    /** Indices {@code begin} (included) to {@code end} (excluded) of an axis. */
    record Slice(Tensor x, int axis, int begin, int end) implements LayoutOp {}

    /** Zeros before and behind along an axis: what a {@link Slice} gives back to its operand. */
    record Pad(Tensor x, int axis, int before, int after) implements LayoutOp {}

    /** y = factor · Σ x over an axis, which the result does not have. With 1/size a mean. */
    record Sum(Tensor x, int axis, float factor) implements LayoutOp {}

    /** y = factor · x, {@code count} times along a new axis: what a {@link Sum} gives back to its operand. */
    record Repeat(Tensor x, int axis, int count, float factor) implements LayoutOp {}
}
