package dev.tutti.tensor.backend;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.lowering.MemoryPlan;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
        return instruction().op();
    }

    private Instruction instruction() {
        return graph.instructions().getLast();
    }

    /** Cases in which one operand, each in turn, is a copy that nobody else reads: those in which a result lies in its place. */
    Stream<OperationCase> inPlace() {
        return op().operands().stream()
                .filter(operand -> operand.type() != ElementType.I32)
                .map(this::copying)
                .filter(OperationCase::isInPlace);
    }

    private boolean isInPlace() {
        MemoryPlan plan = MemoryPlan.of(graph);
        return !(op() instanceof LayoutOp.Reshape)
                && instruction().results().stream()
                        .anyMatch(result -> !plan.root(result).equals(result));
    }

    private OperationCase copying(Tensor copied) {
        GraphBuilder builder = new GraphBuilder();
        Map<Tensor, Tensor> operands = new HashMap<>();
        for (Tensor input : graph.inputs()) {
            boolean isNarrow = input.type() == ElementType.BF16 || input.type() == ElementType.F16;
            ElementType type = input.equals(copied) && isNarrow ? ElementType.F32 : input.type();
            operands.put(input, builder.input(input.name(), type, input.shape()));
        }
        Tensor x = Objects.requireNonNull(operands.get(copied));
        Op copy = x.type() == copied.type()
                ? new LayoutOp.Slice(x, 0, 0, x.shape().size(0))
                : new ElementwiseOp.Cast(x, copied.type());
        operands.put(copied, builder.add("copy", copy));
        List<Tensor> results = builder.addAll("y", op().with(operand -> Objects.requireNonNull(operands.get(operand))));
        results.forEach(result -> builder.output(result.name(), result));
        return new OperationCase(builder.build(), classes);
    }

    /** The same, with operands that can be read when all is done. */
    Graph keepingOperands() {
        GraphBuilder builder = GraphBuilder.extending(graph);
        op().operands().stream()
                .filter(operand -> !graph.inputs().contains(operand))
                .forEach(operand -> builder.output(operand.name(), operand));
        return builder.build();
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
        return instruction() + " of " + op().operands();
    }
}
