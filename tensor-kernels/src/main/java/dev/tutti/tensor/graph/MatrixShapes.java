package dev.tutti.tensor.graph;

import java.util.List;

/** Results of {@link MatrixOp}. */
final class MatrixShapes {
    private MatrixShapes() {}

    static List<ResultType> infer(MatrixOp op, OperandChecks checks) {
        return switch (op) {
            case MatrixOp.MatMul matMul -> ResultType.f32(matMul(matMul, checks));
            case MatrixOp.RoundedMatMul(
                    var left,
                    boolean transposeLeft,
                    var right,
                    boolean transposeRight,
                    var type) -> {
                Shape shape = matMul(new MatrixOp.MatMul(left, transposeLeft, right, transposeRight), checks);
                yield List.of(new ResultType("", checks.floatType(type), shape));
            }
            case MatrixOp.AddBias(var x, var bias) -> {
                checks.f32(x, bias);
                suffix(x.shape(), bias.shape(), bias.name(), checks);
                yield ResultType.f32(x.shape());
            }
            case MatrixOp.ColumnSum(var x, var shape) -> {
                checks.floats(x);
                suffix(x.shape(), shape, "the result", checks);
                yield ResultType.f32(shape);
            }
            case MatrixOp.Dense(var x, var weight, var bias, var _, var type) -> {
                Shape shape = matMul(new MatrixOp.MatMul(x, false, weight, true), checks);
                checks.f32(bias);
                checks.vector(bias, shape.size(1));
                yield List.of(new ResultType("", checks.floatType(type), shape));
            }
        };
    }

    private static Shape matMul(MatrixOp.MatMul op, OperandChecks checks) {
        checks.equalFloats(op.left(), op.right());
        Shape left = checks.matrix(op.left());
        Shape right = checks.matrix(op.right());
        int inner = left.size(op.transposeLeft() ? 0 : 1);
        int rightInner = right.size(op.transposeRight() ? 1 : 0);
        checks.check(inner == rightInner, "inner sizes " + inner + " and " + rightInner + " differ");
        return Shape.of(left.size(op.transposeLeft() ? 1 : 0), right.size(op.transposeRight() ? 0 : 1));
    }

    private static void suffix(Shape whole, Shape suffix, String what, OperandChecks checks) {
        int leading = whole.rank() - suffix.rank();
        checks.check(
                leading >= 0 && whole.sizes().subList(leading, whole.rank()).equals(suffix.sizes()),
                "expected " + what + " to have the last dimensions of " + whole + ", got " + suffix);
    }
}
