package dev.tutti.tensor.backend;

import static dev.tutti.tensor.graph.ElementType.BF16;
import static dev.tutti.tensor.graph.ElementType.F16;
import static dev.tutti.tensor.graph.ElementType.F32;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Shape;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Stream;

/** Products, element-wise operations, layouts and losses. */
final class OperationGraphs {
    private static final List<ElementType> FLOATS = List.of(F32, BF16, F16);

    /** (rows, inner, columns): one, odd, larger than a vector, larger than a block. */
    private static final List<Shape> SIZES = List.of(
            Shape.of(1, 1, 1), Shape.of(1, 7, 5), Shape.of(3, 17, 33), Shape.of(64, 32, 16), Shape.of(65, 127, 130));

    /** More than a block of a row, and no multiple of it. */
    private static final int WIDE = 2 * 2048 + 5;

    /** Weights are laid out anew for as many. */
    private static final Shape MANY_ROWS = Shape.of(515, 17, 5);

    private OperationGraphs() {}

    static Stream<OperationCase> all() {
        return Stream.of(
                        SIZES.stream().flatMap(OperationGraphs::products),
                        products(MANY_ROWS),
                        SIZES.stream().flatMap(OperationGraphs::activations),
                        SIZES.stream().flatMap(OperationGraphs::rows),
                        SIZES.stream().flatMap(OperationGraphs::losses),
                        losses(Shape.of(3, WIDE)),
                        layouts(),
                        LayerGraphs.all())
                .flatMap(Function.identity());
    }

    static Stream<OperationCase> inPlace() {
        return all().flatMap(OperationCase::inPlace);
    }

    private static Stream<OperationCase> products(Shape size) {
        int m = size.size(0);
        int k = size.size(1);
        int n = size.size(2);
        return FLOATS.stream()
                .flatMap(type -> Stream.concat(
                        Stream.of(false, true)
                                .flatMap(left -> Stream.of(false, true)
                                        .flatMap(right -> Stream.of(
                                                matMul(type, left, right, m, k, n),
                                                roundedMatMul(type, left, right, m, k, n)))),
                        Stream.of(Activation.IDENTITY, Activation.RELU)
                                .flatMap(activation ->
                                        FLOATS.stream().map(result -> dense(type, activation, result, m, k, n)))));
    }

    private static OperationCase matMul(
            ElementType type, boolean transposeLeft, boolean transposeRight, int m, int k, int n) {
        return OperationCase.of(in -> new MatrixOp.MatMul(
                transposeLeft ? in.of(type, "left", k, m) : in.of(type, "left", m, k),
                transposeLeft,
                transposeRight ? in.of(type, "right", n, k) : in.of(type, "right", k, n),
                transposeRight));
    }

    /** f32 is rounded to bf16, others to themselves. */
    private static OperationCase roundedMatMul(
            ElementType type, boolean transposeLeft, boolean transposeRight, int m, int k, int n) {
        return OperationCase.of(in -> new MatrixOp.RoundedMatMul(
                transposeLeft ? in.of(type, "left", k, m) : in.of(type, "left", m, k),
                transposeLeft,
                transposeRight ? in.of(type, "right", n, k) : in.of(type, "right", k, n),
                transposeRight,
                type == F32 ? BF16 : type));
    }

    private static OperationCase dense(
            ElementType type, Activation activation, ElementType result, int m, int k, int n) {
        return OperationCase.of(in -> new MatrixOp.Dense(
                in.of(type, "x", m, k), in.of(type, "weight", n, k), in.f32("bias", n), activation, result));
    }

    private static Stream<OperationCase> activations(Shape size) {
        int rows = size.size(0);
        int columns = size.size(1);
        return Stream.of(Activation.values())
                .flatMap(activation -> Stream.concat(
                        Stream.of(OperationCase.of(
                                in -> new ElementwiseOp.Activate(in.f32("x", rows, columns), activation))),
                        FLOATS.stream()
                                .map(saved -> OperationCase.of(in -> new ElementwiseOp.ActivateGradient(
                                        in.f32("gradient", rows, columns),
                                        in.of(saved, "saved", rows, columns),
                                        activation)))));
    }

    private static Stream<OperationCase> rows(Shape size) {
        int r = size.size(0);
        int c = size.size(1);
        return Stream.of(
                OperationCase.of(in -> new MatrixOp.AddBias(in.f32("x", r, c), in.f32("bias", c))),
                OperationCase.of(in -> new MatrixOp.AddBias(in.f32("x", 3, r, c), in.f32("bias", r, c))),
                OperationCase.of(in -> new MatrixOp.ColumnSum(in.f32("x", r, c), Shape.of(c))),
                OperationCase.of(in -> new MatrixOp.ColumnSum(in.f32("x", 3, r, c), Shape.of(r, c))),
                OperationCase.of(in -> new MatrixOp.ColumnSum(in.of(BF16, "x", 3, r, c), Shape.of(c))),
                OperationCase.of(in -> new MatrixOp.ColumnSum(in.of(F16, "x", r, c), Shape.of(c))),
                OperationCase.of(in -> new ElementwiseOp.ActivateGradient(
                        in.of(BF16, "gradient", r, c), in.of(BF16, "saved", r, c), Activation.RELU)),
                OperationCase.of(in -> new ElementwiseOp.ActivateGradient(
                        in.of(F16, "gradient", r, c), in.of(F16, "saved", r, c), Activation.RELU)),
                OperationCase.of(in -> new ElementwiseOp.Add(in.f32("left", r, c), in.f32("right", r, c))),
                OperationCase.of(in -> new ElementwiseOp.Scale(in.f32("x", r, c), in.f32("scalar", 1), 3)),
                OperationCase.of(
                        1 << 20,
                        in -> new ElementwiseOp.Dropout(in.f32("x", r, c), in.i32("key", 6), 0.25f, 123_456_789_012L)),
                OperationCase.of(in -> new ElementwiseOp.Cast(in.f32("x", r, c), BF16)),
                OperationCase.of(in -> new ElementwiseOp.Cast(in.f32("x", r, c), F16)),
                OperationCase.of(in -> new ElementwiseOp.Cast(in.of(BF16, "x", r, c), F32)),
                OperationCase.of(in -> new ElementwiseOp.Cast(in.of(F16, "x", r, c), F32)));
    }

    private static Stream<OperationCase> losses(Shape size) {
        int r = size.size(0);
        int c = size.size(1);
        return Stream.of(
                OperationCase.of(c, in -> new LossOp.CrossEntropy(in.f32("logits", r, c), in.i32("labels", r))),
                OperationCase.of(
                        c,
                        in -> new LossOp.CrossEntropy(
                                in.f32("logits", r, c), in.i32("labels", r), 0.1f, OptionalInt.of(0))),
                OperationCase.of(
                        c,
                        in -> new LossOp.CrossEntropyGradient(
                                in.f32("gradient", 1), in.f32("logits", r, c), in.i32("labels", r))),
                OperationCase.of(
                        c,
                        in -> new LossOp.CrossEntropyGradient(
                                in.f32("gradient", 1),
                                in.f32("logits", r, c),
                                in.i32("labels", r),
                                0.1f,
                                OptionalInt.of(0))),
                OperationCase.of(in -> new LossOp.SquaredError(in.f32("predictions", r, c), in.f32("targets", r, c))),
                OperationCase.of(in -> new LossOp.SquaredErrorGradient(
                        in.f32("gradient", 1), in.f32("predictions", r, c), in.f32("targets", r, c))),
                OperationCase.of(in -> new LossOp.BinaryCrossEntropy(in.f32("logits", r, c), in.f32("targets", r, c))),
                OperationCase.of(in -> new LossOp.BinaryCrossEntropyGradient(
                        in.f32("gradient", 1), in.f32("logits", r, c), in.f32("targets", r, c))));
    }

    private static Stream<OperationCase> layouts() {
        return Stream.of(
                OperationCase.of(in -> new LayoutOp.Reshape(in.f32("x", 4, 6), Shape.of(3, 8))),
                OperationCase.of(in -> new LayoutOp.Reshape(in.of(BF16, "x", 5, 1), Shape.of(5))),
                OperationCase.of(in -> new LayoutOp.Transpose(in.f32("x", 7, 5), List.of(1, 0))),
                OperationCase.of(in -> new LayoutOp.Transpose(in.f32("x", 2, 3, 4, 5), List.of(3, 0, 2, 1))),
                OperationCase.of(in -> new LayoutOp.Transpose(in.f32("x", 2, 3, 4, 5), List.of(0, 2, 1, 3))),
                OperationCase.of(in -> new LayoutOp.Transpose(in.f32("x", 3, 33, 40), List.of(0, 2, 1))),
                OperationCase.of(in -> new LayoutOp.Concat(
                        List.of(in.f32("a", 2, 3, 2), in.f32("b", 2, 1, 2), in.f32("c", 2, 4, 2)), 1)),
                OperationCase.of(in -> new LayoutOp.Concat(List.of(in.f32("a", 3, 5), in.f32("b", 4, 5)), 0)),
                OperationCase.of(in -> new LayoutOp.Slice(in.f32("x", 3, 5, 2), 1, 1, 4)),
                OperationCase.of(in -> new LayoutOp.Slice(in.f32("x", 3, 5), 1, 4, 5)),
                OperationCase.of(in -> new LayoutOp.Pad(in.f32("x", 3, 5, 2), 1, 2, 1)),
                OperationCase.of(in -> new LayoutOp.Pad(in.f32("x", 1, 5), 0, 0, 3)),
                OperationCase.of(in -> new LayoutOp.Sum(in.f32("x", 3, 5, 2), 1, 0.2f)),
                OperationCase.of(in -> new LayoutOp.Sum(in.f32("x", 65, 130), 0, 1)),
                OperationCase.of(in -> new LayoutOp.Sum(in.f32("x", 65, 130), 1, 1)),
                OperationCase.of(in -> new LayoutOp.Repeat(in.f32("x", 3, 2), 1, 4, 0.5f)),
                OperationCase.of(in -> new LayoutOp.Repeat(in.f32("x", 33), 0, 5, 1)));
    }
}
