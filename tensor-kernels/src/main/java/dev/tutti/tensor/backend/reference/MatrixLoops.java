package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Tensor;

record MatrixLoops(TensorValues tensors) {
    Kernel bind(MatrixOp op, Tensor result) {
        Values y = tensors.of(result);
        return switch (op) {
            case MatrixOp.MatMul(var left, var transposeLeft, var right, var transposeRight) ->
                matMul(tensors.matrix(left, transposeLeft), tensors.matrix(right, transposeRight), y);
            case MatrixOp.RoundedMatMul(var left, var transposeLeft, var right, var transposeRight, var _) ->
                matMul(tensors.matrix(left, transposeLeft), tensors.matrix(right, transposeRight), y);
            case MatrixOp.AddBias(var x, var bias) -> addBias(tensors.of(x), tensors.of(bias), y);
            case MatrixOp.ColumnSum(var x, var _) -> columnSum(tensors.of(x), y);
            case MatrixOp.Dense(var x, var weight, var bias, var activation, var _) ->
                dense(tensors.matrix(x), tensors.matrix(weight, true), tensors.of(bias), activation, y);
        };
    }

    private static Kernel matMul(Matrix a, Matrix b, Values y) {
        return () -> {
            for (int r = 0; r < a.rows(); r++) {
                for (int c = 0; c < b.columns(); c++) {
                    y.set((long) r * b.columns() + c, a.rowTimesColumn(r, b, c));
                }
            }
        };
    }

    /** The bias repeats when it ends. */
    private static Kernel addBias(Values x, Values bias, Values y) {
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, x.get(i) + bias.get(i % bias.count()));
            }
        };
    }

    private static Kernel columnSum(Values x, Values y) {
        return () -> {
            for (long c = 0; c < y.count(); c++) {
                double sum = 0;
                for (long i = c; i < x.count(); i += y.count()) {
                    sum += x.get(i);
                }
                y.set(c, sum);
            }
        };
    }

    private static Kernel dense(Matrix x, Matrix weight, Values bias, Activation activation, Values y) {
        return () -> {
            for (int r = 0; r < x.rows(); r++) {
                for (int c = 0; c < weight.columns(); c++) {
                    double sum = x.rowTimesColumn(r, weight, c) + bias.get(c);
                    y.set((long) r * weight.columns() + c, Functions.apply(activation, sum));
                }
            }
        };
    }
}
