package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Tensor;

final class LayoutGradients {
    private LayoutGradients() {}

    static void backward(LayoutOp op, Tensor gradient, Tape tape) {
        switch (op) {
            case LayoutOp.Reshape(var x, var _) -> tape.contribute(x, new LayoutOp.Reshape(gradient, x.shape()));
            case LayoutOp.Transpose transpose ->
                tape.contribute(transpose.x(), new LayoutOp.Transpose(gradient, transpose.inverse()));
            case LayoutOp.Concat(var parts, int axis) -> {
                int begin = 0;
                for (Tensor part : parts) {
                    int end = begin + part.shape().size(axis);
                    tape.contribute(part, new LayoutOp.Slice(gradient, axis, begin, end));
                    begin = end;
                }
            }
            case LayoutOp.Slice(var x, int axis, int begin, int end) ->
                tape.contribute(
                        x, new LayoutOp.Pad(gradient, axis, begin, x.shape().size(axis) - end));
            case LayoutOp.Pad(var x, int axis, int before, int _) ->
                tape.contribute(
                        x,
                        new LayoutOp.Slice(
                                gradient, axis, before, before + x.shape().size(axis)));
            case LayoutOp.Sum(var x, int axis, float factor) ->
                tape.contribute(x, new LayoutOp.Repeat(gradient, axis, x.shape().size(axis), factor));
            case LayoutOp.Repeat(var x, int axis, int _, float factor) ->
                tape.contribute(x, new LayoutOp.Sum(gradient, axis, factor));
        }
    }
}
