package dev.tutti.tensor.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Results of {@link LayoutOp}: of the operand's type. */
final class LayoutShapes {
    private LayoutShapes() {}

    static List<ResultType> infer(LayoutOp op, OperandChecks checks) {
        Tensor first = op.operands().getFirst();
        Shape shape = switch (op) {
            case LayoutOp.Reshape(var x, var target) -> {
                checks.check(
                        x.elementCount() == target.elementCount(),
                        "%s has %d elements, %s has %d"
                                .formatted(x.shape(), x.elementCount(), target, target.elementCount()));
                yield target;
            }
            case LayoutOp.Transpose(var x, var axes) -> {
                int rank = x.shape().rank();
                checks.check(
                        axes.stream()
                                .sorted()
                                .toList()
                                .equals(IntStream.range(0, rank).boxed().toList()),
                        "expected each axis from 0 to " + (rank - 1) + " once, got " + axes);
                yield new Shape(axes.stream().map(x.shape()::size).toList());
            }
            case LayoutOp.Concat concat -> concat(concat, checks);
            case LayoutOp.Slice(var x, int axis, int begin, int end) -> {
                checks.axis(axis, x.shape().rank());
                checks.check(
                        0 <= begin && begin < end && end <= x.shape().size(axis),
                        "expected indices within 0 to " + x.shape().size(axis) + ", got " + begin + " to " + end);
                yield x.shape().with(axis, end - begin);
            }
            case LayoutOp.Pad(var x, int axis, int before, int after) -> {
                checks.axis(axis, x.shape().rank());
                checks.check(before >= 0 && after >= 0, "expected paddings of 0 or more");
                yield x.shape().with(axis, before + x.shape().size(axis) + after);
            }
            case LayoutOp.Sum(var x, int axis, var _) -> {
                checks.f32(x);
                checks.axis(axis, x.shape().rank());
                checks.check(x.shape().rank() > 1, "expected two dimensions or more, got " + x.shape());
                yield x.shape().without(axis);
            }
            case LayoutOp.Repeat(var x, int axis, int count, var _) -> {
                checks.f32(x);
                checks.axis(axis, x.shape().rank() + 1);
                List<Integer> sizes = new ArrayList<>(x.shape().sizes());
                sizes.add(axis, count);
                yield new Shape(sizes);
            }
        };
        return List.of(new ResultType("", first.type(), shape));
    }

    private static Shape concat(LayoutOp.Concat op, OperandChecks checks) {
        Tensor first = op.parts().getFirst();
        checks.axis(op.axis(), first.shape().rank());
        int size = 0;
        for (Tensor part : op.parts()) {
            checks.of(first.type(), part);
            checks.check(
                    part.shape().rank() == first.shape().rank()
                            && part.shape()
                                    .with(op.axis(), 1)
                                    .equals(first.shape().with(op.axis(), 1)),
                    "expected sizes to be equal but for axis " + op.axis());
            size += part.shape().size(op.axis());
        }
        return first.shape().with(op.axis(), size);
    }
}
