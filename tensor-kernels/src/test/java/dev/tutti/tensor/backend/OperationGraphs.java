package dev.tutti.tensor.backend;

import static dev.tutti.tensor.graph.ElementType.BF16;
import static dev.tutti.tensor.graph.ElementType.F32;
import static dev.tutti.tensor.graph.ElementType.I32;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Op;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** Graphs of one operation each, over inputs; the result is output {@code y}. */
final class OperationGraphs {
    /** (rows, inner, columns): one, odd, larger than a vector, larger than a block. */
    private static final List<Shape> SIZES = List.of(
            Shape.of(1, 1, 1), Shape.of(1, 7, 5), Shape.of(3, 17, 33), Shape.of(64, 32, 16), Shape.of(65, 127, 130));

    private OperationGraphs() {}

    static Stream<Graph> all() {
        return SIZES.stream().flatMap(size -> Stream.concat(products(size), rows(size)));
    }

    private static Stream<Graph> products(Shape size) {
        int m = size.size(0);
        int k = size.size(1);
        int n = size.size(2);
        return Stream.of(F32, BF16)
                .flatMap(type -> Stream.concat(
                        Stream.of(false, true)
                                .flatMap(left ->
                                        Stream.of(false, true).map(right -> matMul(type, left, right, m, k, n))),
                        Stream.of(Activation.values())
                                .flatMap(activation ->
                                        Stream.of(F32, BF16).map(result -> dense(type, activation, result, m, k, n)))));
    }

    private static Graph matMul(ElementType type, boolean transposeLeft, boolean transposeRight, int m, int k, int n) {
        return graph(builder -> new Op.MatMul(
                builder.input("left", type, transposeLeft ? Shape.of(k, m) : Shape.of(m, k)),
                transposeLeft,
                builder.input("right", type, transposeRight ? Shape.of(n, k) : Shape.of(k, n)),
                transposeRight));
    }

    private static Graph dense(ElementType type, Activation activation, ElementType result, int m, int k, int n) {
        return graph(builder -> new Op.Dense(
                builder.input("x", type, Shape.of(m, k)),
                builder.input("weight", type, Shape.of(n, k)),
                builder.input("bias", F32, Shape.of(n)),
                activation,
                result));
    }

    private static Stream<Graph> rows(Shape size) {
        Shape matrix = Shape.of(size.size(0), size.size(1));
        Shape row = Shape.of(size.size(1));
        Shape column = Shape.of(size.size(0));
        Shape one = Shape.of(1);
        return Stream.of(
                graph(b -> new Op.AddBias(b.input("x", F32, matrix), b.input("bias", F32, row))),
                graph(b -> new Op.Add(b.input("left", F32, matrix), b.input("right", F32, matrix))),
                graph(b -> new Op.Relu(b.input("x", F32, matrix))),
                graph(b -> new Op.ReluGradient(b.input("gradient", F32, matrix), b.input("output", F32, matrix))),
                graph(b -> new Op.ReluGradient(b.input("gradient", F32, matrix), b.input("output", BF16, matrix))),
                graph(b -> new Op.ColumnSum(b.input("x", F32, matrix))),
                graph(b -> new Op.CrossEntropy(b.input("logits", F32, matrix), b.input("labels", I32, column))),
                graph(b -> new Op.CrossEntropyGradient(
                        b.input("gradient", F32, one), b.input("logits", F32, matrix), b.input("labels", I32, column))),
                graph(b -> new Op.SquaredError(b.input("predictions", F32, matrix), b.input("targets", F32, matrix))),
                graph(b -> new Op.SquaredErrorGradient(
                        b.input("gradient", F32, one),
                        b.input("predictions", F32, matrix),
                        b.input("targets", F32, matrix))),
                graph(b -> new Op.Cast(b.input("x", F32, matrix), BF16)),
                graph(b -> new Op.Cast(b.input("x", BF16, matrix), F32)));
    }

    private static Graph graph(Function<GraphBuilder, Op> op) {
        GraphBuilder builder = new GraphBuilder();
        Tensor y = builder.add("y", op.apply(builder));
        builder.output("y", y);
        return builder.build();
    }
}
