package dev.tutti.tensor.graph;

/** One line of a graph: {@code result = op(operands)}. */
public record Instruction(Tensor result, Op op) {
    @Override
    public String toString() {
        return result + " = " + GraphPrinter.print(op);
    }
}
