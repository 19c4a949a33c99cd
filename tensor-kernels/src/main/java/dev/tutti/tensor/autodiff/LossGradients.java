package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.Tensor;

final class LossGradients {
    private LossGradients() {}

    static void backward(LossOp op, Tensor gradient, Tape tape) {
        switch (op) {
            case LossOp.CrossEntropy(var logits, var labels, float smoothing, var ignored) ->
                tape.contribute(logits, new LossOp.CrossEntropyGradient(gradient, logits, labels, smoothing, ignored));
            case LossOp.SquaredError(var predictions, var targets) ->
                tape.contribute(predictions, new LossOp.SquaredErrorGradient(gradient, predictions, targets));
            case LossOp.BinaryCrossEntropy(var logits, var targets) ->
                tape.contribute(logits, new LossOp.BinaryCrossEntropyGradient(gradient, logits, targets));
            case LossOp.CrossEntropyGradient _, LossOp.SquaredErrorGradient _, LossOp.BinaryCrossEntropyGradient _ ->
                throw Autodiff.notDefined(op);
        }
    }
}
