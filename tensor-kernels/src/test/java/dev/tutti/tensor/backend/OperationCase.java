package dev.tutti.tensor.backend;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * One operation over inputs; its results are the outputs {@code y}, {@code y.…}.
 *
 * @param classes integer inputs are drawn below this
 */
record OperationCase(Graph graph, int classes) {
    static OperationCase of(int classes, Function<Inputs, Op> op) {
        GraphBuilder builder = new GraphBuilder();
        List<Tensor> results = builder.addAll("y", op.apply(new Inputs(builder)));
        results.forEach(result -> builder.output(result.name(), result));
        return new OperationCase(builder.build(), classes);
    }

    /** For operations that read no integers. */
    static OperationCase of(Function<Inputs, Op> op) {
        return of(1, op);
    }

    record Inputs(GraphBuilder builder) {
        Tensor f32(String name, int... sizes) {
            return of(ElementType.F32, name, sizes);
        }

        Tensor i32(String name, int... sizes) {
            return of(ElementType.I32, name, sizes);
        }

        Tensor of(ElementType type, String name, int... sizes) {
            return builder.input(name, type, Shape.of(sizes));
        }
    }

    Op op() {
        return graph.instructions().getFirst().op();
    }

    double tolerance() {
        Stream<Tensor> tensors = Stream.concat(
                graph.inputs().stream(),
                graph.instructions().stream().map(Instruction::results).flatMap(List::stream));
        return tensors.map(Tensor::type)
                .mapToDouble(OperationContract::tolerance)
                .max()
                .orElseThrow();
    }

    @Override
    public String toString() {
        return graph.instructions().getFirst() + " of " + op().operands();
    }
}
