package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;

/**
 * Each operation as its formula stands in {@link Op}. Sums are f64 and rounded once, when they are stored. {@code StrictMath} gives the same
 * bits on every machine.
 */
final class ReferenceKernels {
    private final ProgramMemory memory;

    ReferenceKernels(ProgramMemory memory) {
        this.memory = memory;
    }

    Kernel bind(Instruction instruction) {
        Values y = values(instruction.result());
        return switch (instruction.op()) {
            case Op.MatMul op ->
                matMul(matrix(op.left(), op.transposeLeft()), matrix(op.right(), op.transposeRight()), y);
            case Op.AddBias op -> addBias(values(op.x()), values(op.bias()), y);
            case Op.Add op -> addBias(values(op.left()), values(op.right()), y);
            case Op.Relu op -> relu(values(op.x()), y);
            case Op.ReluGradient op -> reluGradient(values(op.gradient()), values(op.output()), y);
            case Op.ColumnSum op -> columnSum(values(op.x()), y);
            case Op.CrossEntropy op -> crossEntropy(matrix(op.logits(), false), values(op.labels()), y);
            case Op.CrossEntropyGradient op ->
                crossEntropyGradient(values(op.gradient()), matrix(op.logits(), false), values(op.labels()), y);
            case Op.SquaredError op -> squaredError(matrix(op.predictions(), false), values(op.targets()), y);
            case Op.SquaredErrorGradient op ->
                squaredErrorGradient(values(op.gradient()), matrix(op.predictions(), false), values(op.targets()), y);
            case Op.Cast op -> cast(values(op.x()), y);
            case Op.Dense op ->
                dense(matrix(op.x(), false), matrix(op.weight(), true), values(op.bias()), op.activation(), y);
        };
    }

    private static Kernel matMul(Matrix a, Matrix b, Values y) {
        return () -> {
            for (int r = 0; r < a.rows(); r++) {
                for (int c = 0; c < b.columns(); c++) {
                    y.set((long) r * b.columns() + c, (float) a.rowTimesColumn(r, b, c));
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

    private static Kernel relu(Values x, Values y) {
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, Math.max(x.get(i), 0));
            }
        };
    }

    private static Kernel reluGradient(Values gradient, Values output, Values y) {
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, output.get(i) > 0 ? gradient.get(i) : 0);
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
                y.set(c, (float) sum);
            }
        };
    }

    private static Kernel crossEntropy(Matrix logits, Values labels, Values y) {
        return () -> {
            double loss = 0;
            for (int r = 0; r < logits.rows(); r++) {
                loss += logits.logSumExp(r) - logits.get(r, logits.column(labels, r));
            }
            y.set(0, (float) loss);
        };
    }

    private static Kernel crossEntropyGradient(Values gradient, Matrix logits, Values labels, Values y) {
        return () -> {
            float scale = gradient.get(0);
            for (int r = 0; r < logits.rows(); r++) {
                int label = logits.column(labels, r);
                double logSumExp = logits.logSumExp(r);
                for (int c = 0; c < logits.columns(); c++) {
                    double softmax = StrictMath.exp(logits.get(r, c) - logSumExp);
                    y.set((long) r * logits.columns() + c, (float) (scale * (softmax - (c == label ? 1 : 0))));
                }
            }
        };
    }

    private static Kernel squaredError(Matrix predictions, Values targets, Values y) {
        return () -> {
            double sum = 0;
            for (long i = 0; i < targets.count(); i++) {
                double error = (double) predictions.values().get(i) - targets.get(i);
                sum += error * error;
            }
            y.set(0, (float) (sum / predictions.columns()));
        };
    }

    private static Kernel squaredErrorGradient(Values gradient, Matrix predictions, Values targets, Values y) {
        return () -> {
            double factor = 2.0 * gradient.get(0) / predictions.columns();
            for (long i = 0; i < y.count(); i++) {
                y.set(i, (float) (factor * ((double) predictions.values().get(i) - targets.get(i))));
            }
        };
    }

    private static Kernel cast(Values x, Values y) {
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, x.get(i));
            }
        };
    }

    private static Kernel dense(Matrix x, Matrix weight, Values bias, Activation activation, Values y) {
        return () -> {
            for (int r = 0; r < x.rows(); r++) {
                for (int c = 0; c < weight.columns(); c++) {
                    double sum = x.rowTimesColumn(r, weight, c) + bias.get(c);
                    y.set((long) r * weight.columns() + c, (float) activate(activation, sum));
                }
            }
        };
    }

    private static double activate(Activation activation, double x) {
        return switch (activation) {
            case IDENTITY -> x;
            case RELU -> Math.max(x, 0);
        };
    }

    private Matrix matrix(Tensor tensor, boolean transposed) {
        return Matrix.of(tensor, transposed, memory);
    }

    private Values values(Tensor tensor) {
        return new Values(memory.of(tensor), tensor.type());
    }
}
