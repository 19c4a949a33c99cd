package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;

/** Each operation as its formula stands in {@link Op}. Sums are f64 and rounded once, when they are stored. */
final class ReferenceKernels {
    private final ProgramMemory memory;

    ReferenceKernels(ProgramMemory memory) {
        this.memory = memory;
    }

    Kernel bind(Instruction instruction) {
        Values y = values(instruction.result());
        return switch (instruction.op()) {
            case Op.MatMul op -> () -> matMul(op, y);
            case Op.AddBias op -> () -> addBias(op, y);
            case Op.Add op -> () -> add(op, y);
            case Op.Relu op -> () -> relu(op, y);
            case Op.ReluGradient op -> () -> reluGradient(op, y);
            case Op.ColumnSum op -> () -> columnSum(op, y);
            case Op.CrossEntropy op -> () -> crossEntropy(op, y);
            case Op.CrossEntropyGradient op -> () -> crossEntropyGradient(op, y);
            case Op.SquaredError op -> () -> squaredError(op, y);
            case Op.SquaredErrorGradient op -> () -> squaredErrorGradient(op, y);
            case Op.Cast op -> () -> cast(op, y);
            case Op.Dense op -> () -> dense(op, y);
        };
    }

    private void matMul(Op.MatMul op, Values y) {
        Matrix a = Matrix.of(op.left(), op.transposeLeft(), memory);
        Matrix b = Matrix.of(op.right(), op.transposeRight(), memory);
        for (int r = 0; r < a.rows(); r++) {
            for (int c = 0; c < b.columns(); c++) {
                y.set((long) r * b.columns() + c, (float) a.rowTimesColumn(r, b, c));
            }
        }
    }

    private void addBias(Op.AddBias op, Values y) {
        Values x = values(op.x());
        Values bias = values(op.bias());
        for (long i = 0; i < y.count(); i++) {
            y.set(i, x.get(i) + bias.get(i % bias.count()));
        }
    }

    private void add(Op.Add op, Values y) {
        Values left = values(op.left());
        Values right = values(op.right());
        for (long i = 0; i < y.count(); i++) {
            y.set(i, left.get(i) + right.get(i));
        }
    }

    private void relu(Op.Relu op, Values y) {
        Values x = values(op.x());
        for (long i = 0; i < y.count(); i++) {
            y.set(i, Math.max(x.get(i), 0));
        }
    }

    private void reluGradient(Op.ReluGradient op, Values y) {
        Values gradient = values(op.gradient());
        Values output = values(op.output());
        for (long i = 0; i < y.count(); i++) {
            y.set(i, output.get(i) > 0 ? gradient.get(i) : 0);
        }
    }

    private void columnSum(Op.ColumnSum op, Values y) {
        Values x = values(op.x());
        for (long c = 0; c < y.count(); c++) {
            double sum = 0;
            for (long i = c; i < x.count(); i += y.count()) {
                sum += x.get(i);
            }
            y.set(c, (float) sum);
        }
    }

    private void crossEntropy(Op.CrossEntropy op, Values y) {
        Matrix logits = Matrix.of(op.logits(), false, memory);
        Values labels = values(op.labels());
        double loss = 0;
        for (int r = 0; r < logits.rows(); r++) {
            loss += logits.logSumExp(r) - logits.get(r, logits.column(labels, r));
        }
        y.set(0, (float) loss);
    }

    private void crossEntropyGradient(Op.CrossEntropyGradient op, Values y) {
        Matrix logits = Matrix.of(op.logits(), false, memory);
        Values labels = values(op.labels());
        float gradient = values(op.gradient()).get(0);
        for (int r = 0; r < logits.rows(); r++) {
            int label = logits.column(labels, r);
            double logSumExp = logits.logSumExp(r);
            for (int c = 0; c < logits.columns(); c++) {
                double softmax = Math.exp(logits.get(r, c) - logSumExp);
                y.set((long) r * logits.columns() + c, (float) (gradient * (softmax - (c == label ? 1 : 0))));
            }
        }
    }

    private void squaredError(Op.SquaredError op, Values y) {
        Values predictions = values(op.predictions());
        Values targets = values(op.targets());
        double sum = 0;
        for (long i = 0; i < predictions.count(); i++) {
            double error = (double) predictions.get(i) - targets.get(i);
            sum += error * error;
        }
        y.set(0, (float) (sum / op.predictions().shape().size(1)));
    }

    private void squaredErrorGradient(Op.SquaredErrorGradient op, Values y) {
        Values predictions = values(op.predictions());
        Values targets = values(op.targets());
        double factor =
                2.0 * values(op.gradient()).get(0) / op.predictions().shape().size(1);
        for (long i = 0; i < y.count(); i++) {
            y.set(i, (float) (factor * ((double) predictions.get(i) - targets.get(i))));
        }
    }

    private void cast(Op.Cast op, Values y) {
        Values x = values(op.x());
        for (long i = 0; i < y.count(); i++) {
            y.set(i, x.get(i));
        }
    }

    private void dense(Op.Dense op, Values y) {
        Matrix x = Matrix.of(op.x(), false, memory);
        Matrix weight = Matrix.of(op.weight(), true, memory);
        Values bias = values(op.bias());
        for (int r = 0; r < x.rows(); r++) {
            for (int c = 0; c < weight.columns(); c++) {
                double sum = x.rowTimesColumn(r, weight, c) + bias.get(c);
                y.set((long) r * weight.columns() + c, (float) activate(op.activation(), sum));
            }
        }
    }

    private static double activate(Activation activation, double x) {
        return switch (activation) {
            case IDENTITY -> x;
            case RELU -> Math.max(x, 0);
        };
    }

    private Values values(Tensor tensor) {
        return new Values(memory.of(tensor), tensor.type());
    }
}
