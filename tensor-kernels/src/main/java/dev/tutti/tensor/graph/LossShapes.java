package dev.tutti.tensor.graph;

import java.util.List;

/** Results of {@link LossOp}. */
final class LossShapes {
    private LossShapes() {}

    static List<ResultType> infer(LossOp op, OperandChecks checks) {
        return ResultType.f32(
                switch (op) {
                    case LossOp.CrossEntropy(var logits, var labels, float smoothing, var _) -> {
                        classes(logits, labels, smoothing, checks);
                        yield Shape.SCALAR;
                    }
                    case LossOp.CrossEntropyGradient(var gradient, var logits, var labels, float smoothing, var _) -> {
                        checks.scalar(gradient);
                        yield classes(logits, labels, smoothing, checks);
                    }
                    case LossOp.SquaredError(var predictions, var targets) -> {
                        targets(predictions, targets, checks);
                        yield Shape.SCALAR;
                    }
                    case LossOp.SquaredErrorGradient(var gradient, var predictions, var targets) -> {
                        checks.scalar(gradient);
                        yield targets(predictions, targets, checks);
                    }
                    case LossOp.BinaryCrossEntropy(var logits, var targets) -> {
                        targets(logits, targets, checks);
                        yield Shape.SCALAR;
                    }
                    case LossOp.BinaryCrossEntropyGradient(var gradient, var logits, var targets) -> {
                        checks.scalar(gradient);
                        yield targets(logits, targets, checks);
                    }
                });
    }

    private static Shape classes(Tensor logits, Tensor labels, float smoothing, OperandChecks checks) {
        checks.f32(logits);
        checks.i32(labels);
        checks.vector(labels, checks.matrix(logits).size(0));
        checks.check(
                smoothing >= 0 && smoothing < 1,
                "expected a smoothing of at least 0 and less than 1, got " + smoothing);
        return logits.shape();
    }

    private static Shape targets(Tensor predictions, Tensor targets, OperandChecks checks) {
        checks.f32(predictions, targets);
        checks.matrix(predictions);
        return checks.same(predictions, targets);
    }
}
