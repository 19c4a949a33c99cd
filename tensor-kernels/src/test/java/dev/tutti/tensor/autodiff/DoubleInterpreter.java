package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/** Runs the forward operations in f64, so that differences of two runs mean something. */
final class DoubleInterpreter {
    private final Map<Tensor, double[]> values = new HashMap<>();

    void set(Tensor tensor, double[] elements) {
        values.put(tensor, elements);
    }

    double[] get(Tensor tensor) {
        double[] elements = values.get(tensor);
        if (elements == null) {
            throw new IllegalStateException(tensor + " has no value");
        }
        return elements;
    }

    void run(Graph graph) {
        for (Instruction instruction : graph.instructions()) {
            values.put(instruction.result(), run(instruction));
        }
    }

    private double[] run(Instruction instruction) {
        int count = Math.toIntExact(instruction.result().elementCount());
        return switch (instruction.op()) {
            case Op.MatMul op -> matMul(op, count);
            case Op.AddBias(var x, var bias) -> elements(count, i -> get(x)[i] + get(bias)[i % get(bias).length]);
            case Op.Add(var left, var right) -> elements(count, i -> get(left)[i] + get(right)[i]);
            case Op.Relu(var x) -> elements(count, i -> Math.max(get(x)[i], 0));
            case Op.ColumnSum(var x) ->
                elements(
                        count,
                        c -> IntStream.range(0, x.shape().size(0))
                                .mapToDouble(r -> get(x)[r * count + c])
                                .sum());
            case Op.CrossEntropy(var logits, var labels) -> new double[] {crossEntropy(logits, get(labels))};
            case Op.SquaredError(var predictions, var targets) ->
                new double[] {
                    IntStream.range(0, get(targets).length)
                                    .mapToDouble(i -> Math.pow(get(predictions)[i] - get(targets)[i], 2))
                                    .sum()
                            / targets.shape().size(1)
                };
            case Op.ReluGradient _, Op.CrossEntropyGradient _, Op.SquaredErrorGradient _, Op.Cast _, Op.Dense _ ->
                throw new IllegalArgumentException(instruction + " is not of a forward pass");
        };
    }

    private double[] matMul(Op.MatMul op, int count) {
        int outer = op.left().shape().size(op.transposeLeft() ? 1 : 0);
        int inner = op.left().shape().size(op.transposeLeft() ? 0 : 1);
        int columns = count / outer;
        double[] left = get(op.left());
        double[] right = get(op.right());
        return elements(
                count,
                i -> IntStream.range(0, inner)
                        .mapToDouble(k -> left[op.transposeLeft() ? k * outer + i / columns : i / columns * inner + k]
                                * right[op.transposeRight() ? i % columns * inner + k : k * columns + i % columns])
                        .sum());
    }

    private double crossEntropy(Tensor logits, double[] labels) {
        int columns = logits.shape().size(1);
        return IntStream.range(0, labels.length)
                .mapToDouble(r -> Math.log(IntStream.range(0, columns)
                                .mapToDouble(c -> Math.exp(get(logits)[r * columns + c]))
                                .sum())
                        - get(logits)[r * columns + (int) labels[r]])
                .sum();
    }

    private static double[] elements(int count, IntToDoubleFunction element) {
        return IntStream.range(0, count).mapToDouble(element).toArray();
    }
}
