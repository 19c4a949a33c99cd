package dev.tutti.tensor.graph;

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
}
