package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Tensor;

final class MatrixGradients {
    private MatrixGradients() {}

    static void backward(MatrixOp op, Tensor gradient, Tape tape) {
        switch (op) {
            case MatrixOp.MatMul(var left, var transposeLeft, var right, var transposeRight) -> {
                tape.contribute(
                        right,
                        transposeRight
                                ? new MatrixOp.MatMul(gradient, true, left, transposeLeft)
                                : new MatrixOp.MatMul(left, !transposeLeft, gradient, false));
                tape.contribute(
                        left,
                        transposeLeft
                                ? new MatrixOp.MatMul(right, transposeRight, gradient, true)
                                : new MatrixOp.MatMul(gradient, false, right, !transposeRight));
            }
            case MatrixOp.AddBias(var x, var bias) -> {
                tape.contribute(bias, new MatrixOp.ColumnSum(gradient, bias.shape()));
                tape.pass(x, gradient);
            }
            case MatrixOp.ColumnSum _, MatrixOp.Dense _, MatrixOp.RoundedMatMul _ -> throw Autodiff.notDefined(op);
        }
    }
}
