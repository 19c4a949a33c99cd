package dev.tutti.tensor.graph;

import java.util.List;
import java.util.stream.Collectors;

/**
 * One line of a graph: {@code results = op(operands)}.
 *
 * @param results one or more; gradients come in by the first only, the others are what the operation's own gradient reads
 */
public record Instruction(List<Tensor> results, Op op) {
    public Instruction {
        results = List.copyOf(results);
    }

    /** The first result, of most operations the only one. */
    public Tensor result() {
        return results.getFirst();
    }

    @Override
    public String toString() {
        return results.stream().map(Tensor::toString).collect(Collectors.joining("; ")) + " = "
                + OpComponents.of(op).print(op);
    }
}
