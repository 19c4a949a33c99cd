package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** {@code elementwise.cu}. */
record ElementwiseLaunches(Launches launches) {
    /** It reads four f32, or eight numbers of two bytes, at once. */
    private static final int ELEMENTS_OF_THREAD = 4;

    Launch bind(ElementwiseOp op, Tensor y) {
        return switch (op) {
            case ElementwiseOp.Add(var left, var right) -> binary("add", left, right, y);
            case ElementwiseOp.Scale(var x, var scalar, float factor) ->
                launch(
                        "scale",
                        x,
                        scalar,
                        y,
                        struct(x, scalar, y).longs(y.elementCount()).floats(factor));
            case ElementwiseOp.Activate(var x, var activation) -> unary("activate", x, y, activation);
            case ElementwiseOp.ActivateGradient(var gradient, var saved, var activation) ->
                activation == Activation.RELU
                        ? binary("relu_gradient", gradient, saved, y)
                        : launch(
                                "activate_gradient",
                                gradient,
                                saved,
                                y,
                                struct(gradient, saved, y).longs(y.elementCount()),
                                "FUNCTION=" + function(activation));
            case ElementwiseOp.Dropout(var x, var key, float rate, long layer) ->
                launch(
                        "dropout",
                        x,
                        x,
                        y,
                        struct(x, key, y)
                                .longs(
                                        y.elementCount(),
                                        x.elementCount() / x.shape().size(0),
                                        layer)
                                .floats(rate, (float) (1 / (1 - (double) rate))));
            case ElementwiseOp.Cast(var x, var _) -> unary("cast", x, y, Activation.IDENTITY);
        };
    }

    Launch addBias(MatrixOp.AddBias op, Tensor y) {
        return launch(
                "add_bias",
                op.x(),
                op.bias(),
                y,
                struct(op.x(), op.bias(), y).longs(y.elementCount(), op.bias().elementCount()));
    }

    private Launch unary(String name, Tensor x, Tensor y, Activation activation) {
        return unary(
                name,
                new Place(x.type(), launches.at(x)),
                new Place(y.type(), launches.at(y)),
                y.elementCount(),
                activation);
    }

    /** Between float types. */
    Launch cast(Place from, Place to, long count) {
        return unary("cast", from, to, count, Activation.IDENTITY);
    }

    /** Perhaps in place. */
    Launch apply(Activation activation, Place from, Place to, long count) {
        return unary("activate", from, to, count, activation);
    }

    private Launch unary(String name, Place from, Place to, long count, Activation activation) {
        return launches.of(
                KernelSources.ELEMENTWISE,
                List.of(from.macro("A"), from.macro("B"), to.macro("Y"), "FUNCTION=" + function(activation)),
                name,
                Grid.forEach(count),
                new Struct().addresses(from.address(), to.address()).longs(count));
    }

    private Launch binary(String name, Tensor a, Tensor b, Tensor y) {
        return launch(name, a, b, y, struct(a, b, y).longs(y.elementCount()));
    }

    private Struct struct(Tensor a, Tensor b, Tensor y) {
        return new Struct().addresses(launches.at(a), launches.at(b), launches.at(y));
    }

    private Launch launch(String name, Tensor a, Tensor b, Tensor y, Struct struct, String... more) {
        List<String> macros =
                new ArrayList<>(List.of(Launches.macro("A", a), Launches.macro("B", b), Launches.macro("Y", y)));
        macros.addAll(List.of(more));
        Grid grid = Grid.forEach(Math.ceilDiv(y.elementCount(), ELEMENTS_OF_THREAD));
        return launches.of(KernelSources.ELEMENTWISE, macros, name, grid, struct);
    }

    /** As {@code common.cuh} calls it. */
    static String function(Activation activation) {
        String name = activation.toString();
        return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    }
}
