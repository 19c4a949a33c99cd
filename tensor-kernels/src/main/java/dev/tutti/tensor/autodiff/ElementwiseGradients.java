package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Tensor;

final class ElementwiseGradients {
    private ElementwiseGradients() {}

    static void backward(ElementwiseOp op, Tensor result, Tensor gradient, Tape tape) {
        switch (op) {
            case ElementwiseOp.Add(var left, var right) -> {
                tape.pass(right, gradient);
                tape.pass(left, gradient);
            }
            case ElementwiseOp.Activate(var x, var activation) ->
                tape.contribute(
                        x,
                        new ElementwiseOp.ActivateGradient(
                                gradient,
                                switch (activation.saves()) {
                                    case INPUT -> x;
                                    case OUTPUT -> result;
                                },
                                activation));
            case ElementwiseOp.Dropout(var x, var key, float rate, long layer) ->
                tape.contribute(x, new ElementwiseOp.Dropout(gradient, key, rate, layer));
            case ElementwiseOp.Scale _, ElementwiseOp.ActivateGradient _, ElementwiseOp.Cast _ ->
                throw Autodiff.notDefined(op);
        }
    }
}
