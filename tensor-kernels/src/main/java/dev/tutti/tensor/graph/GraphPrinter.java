package dev.tutti.tensor.graph;

import java.util.stream.Collectors;

/** Graphs as text, a line an instruction. */
final class GraphPrinter {
    private GraphPrinter() {}

    static String print(Graph graph) {
        StringBuilder text = new StringBuilder();
        for (Tensor input : graph.inputs()) {
            text.append("input ").append(input).append('\n');
        }
        for (Parameter parameter : graph.parameters()) {
            text.append(
                    "parameter %s: f32%s at %d%n".formatted(parameter.name(), parameter.shape(), parameter.offset()));
        }
        for (Instruction instruction : graph.instructions()) {
            text.append(instruction).append('\n');
        }
        graph.outputs().forEach((name, tensor) -> text.append("output %s = %s%n".formatted(name, tensor.name())));
        return text.toString();
    }

    static String print(Op op) {
        return switch (op) {
            case Op.MatMul(var left, var transposeLeft, var right, var transposeRight) ->
                "matmul(" + matrix(left, transposeLeft) + ", " + matrix(right, transposeRight) + ")";
            case Op.AddBias _ -> call("add-bias", op);
            case Op.Add _ -> call("add", op);
            case Op.Relu _ -> call("relu", op);
            case Op.ReluGradient _ -> call("relu-gradient", op);
            case Op.ColumnSum _ -> call("column-sum", op);
            case Op.CrossEntropy _ -> call("cross-entropy", op);
            case Op.CrossEntropyGradient _ -> call("cross-entropy-gradient", op);
            case Op.SquaredError _ -> call("squared-error", op);
            case Op.SquaredErrorGradient _ -> call("squared-error-gradient", op);
            case Op.Cast(var _, var type) -> call("cast-" + type, op);
            case Op.Dense(var _, var _, var _, var activation, var _) -> call("dense-" + activation, op);
        };
    }

    private static String call(String name, Op op) {
        return op.operands().stream().map(Tensor::name).collect(Collectors.joining(", ", name + "(", ")"));
    }

    private static String matrix(Tensor tensor, boolean transposed) {
        return transposed ? tensor.name() + "ᵀ" : tensor.name();
    }
}
