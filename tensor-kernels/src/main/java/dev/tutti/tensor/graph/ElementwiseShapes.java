package dev.tutti.tensor.graph;

import java.util.List;

/** Results of {@link ElementwiseOp}. */
final class ElementwiseShapes {
    private ElementwiseShapes() {}

    static List<ResultType> infer(ElementwiseOp op, OperandChecks checks) {
        return switch (op) {
            case ElementwiseOp.Add(var left, var right) -> {
                checks.f32(left, right);
                yield ResultType.f32(checks.same(left, right));
            }
            case ElementwiseOp.Scale(var x, var scalar, var _) -> {
                checks.f32(x);
                checks.scalar(scalar);
                yield ResultType.f32(x.shape());
            }
            case ElementwiseOp.Activate(var x, var _) -> {
                checks.f32(x);
                yield ResultType.f32(x.shape());
            }
            case ElementwiseOp.ActivateGradient(var gradient, var saved, var activation) -> {
                if (gradient.type() == ElementType.F32) {
                    checks.floats(saved);
                } else {
                    checks.check(activation == Activation.RELU, "expected a gradient of f32");
                    checks.equalFloats(gradient, saved);
                }
                yield List.of(new ResultType("", gradient.type(), checks.same(gradient, saved)));
            }
            case ElementwiseOp.Dropout(var x, var key, var rate, var _) -> {
                checks.f32(x);
                checks.i32(key);
                checks.vector(key, ElementwiseOp.Dropout.KEY_WORDS);
                checks.check(rate >= 0 && rate < 1, "expected a rate of at least 0 and less than 1, got " + rate);
                yield ResultType.f32(x.shape());
            }
            case ElementwiseOp.Cast(var x, var type) -> {
                checks.floats(x);
                yield List.of(new ResultType("", checks.floatType(type), x.shape()));
            }
        };
    }
}
