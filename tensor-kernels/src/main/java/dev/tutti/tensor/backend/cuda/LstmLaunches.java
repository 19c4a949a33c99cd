package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Recurrent cells time by time: the product with the recurrent weight, then {@code lstm.cu}. */
record LstmLaunches(Launches launches, ElementwiseLaunches elementwise, MatrixLaunches matrices) {
    private static final int GATES = SequenceOp.Lstm.GATES;

    Launch forward(SequenceOp.Lstm op, List<Tensor> results) {
        return cells(launches.place(op.projected()), op.weight(), results);
    }

    /** The input's product of all times at once, then as {@link #forward}. */
    Launch forward(SequenceOp.DenseLstm op, List<Tensor> results) {
        Shape x = op.x().shape();
        int rows = x.size(0) * x.size(1);
        int gates = op.inputWeight().shape().size(0);
        Place projected = new Place(ElementType.F32, launches.scratch((long) rows * gates * Float.BYTES));
        Launch product = matrices.product(new Product(
                new Product.Operands(op.x().type(), launches.at(op.x()), false, launches.at(op.inputWeight()), true),
                new Product.Size(rows, gates, x.size(2)),
                Optional.of(launches.at(op.bias())),
                Activation.IDENTITY,
                projected));
        return Launches.all(product, cells(projected, op.weight(), results));
    }

    private Launch cells(Place projected, Tensor weight, List<Tensor> results) {
        Tensor states = results.get(0);
        Tensor gates = results.get(1);
        Tensor cells = results.get(2);
        int times = states.shape().size(0);
        int samples = states.shape().size(1);
        int hidden = states.shape().size(2);
        long count = (long) samples * hidden;
        long recurrent = launches.scratch(count * GATES * Float.BYTES);
        // The product reads states as the weight is; kept ones may be of another type.
        long narrowed = launches.scratch(count * weight.type().byteSize());
        Launch product = matrices.product(Product.plain(
                new Product.Operands(weight.type(), narrowed, false, launches.at(weight), true),
                new Product.Size(samples, GATES * hidden, hidden),
                new Place(ElementType.F32, recurrent)));
        List<Launch> steps = new ArrayList<>();
        for (int t = 0; t < times; t++) {
            long before = launches.at(states) + (t - 1) * count * states.type().byteSize();
            if (t > 0) {
                steps.add(
                        elementwise.cast(new Place(states.type(), before), new Place(weight.type(), narrowed), count));
                steps.add(product);
            }
            steps.add(launches.of(
                    KernelSources.LSTM,
                    List.of(projected.macro("P"), Launches.macro("H", states), "Y=f32"),
                    "lstm_cells",
                    Grid.forEach(count),
                    new Struct()
                            .addresses(
                                    projected.address()
                                            + t
                                                    * count
                                                    * GATES
                                                    * projected.type().byteSize(),
                                    recurrent,
                                    launches.at(cells) + (t - 1) * count * Float.BYTES,
                                    launches.at(states)
                                            + t * count * states.type().byteSize(),
                                    launches.at(gates)
                                            + t * count * GATES * gates.type().byteSize(),
                                    launches.at(cells) + t * count * Float.BYTES)
                            .longs(count)
                            .ints(hidden, t == 0 ? 1 : 0)));
        }
        return Launches.all(steps.toArray(Launch[]::new));
    }

    /** From the last time to the first; the recurrent product reads dprojected as it has been rounded. */
    Launch backward(SequenceOp.LstmGradient op, Tensor y) {
        int times = op.cells().shape().size(0);
        int samples = op.cells().shape().size(1);
        int hidden = op.cells().shape().size(2);
        long count = (long) samples * hidden;
        ElementType weightType = op.weight().type();
        long carried = launches.scratch(count * Float.BYTES);
        long recurrent = launches.scratch(count * Float.BYTES);
        long narrowed = launches.scratch(count * GATES * weightType.byteSize());
        Launch product = matrices.product(Product.plain(
                new Product.Operands(weightType, narrowed, false, launches.at(op.weight()), false),
                new Product.Size(samples, hidden, GATES * hidden),
                new Place(ElementType.F32, recurrent)));
        List<Launch> steps = new ArrayList<>();
        for (int t = times - 1; t >= 0; t--) {
            if (t < times - 1) {
                long behind =
                        launches.at(y) + (t + 1) * count * GATES * y.type().byteSize();
                steps.add(
                        elementwise.cast(new Place(y.type(), behind), new Place(weightType, narrowed), count * GATES));
                steps.add(product);
            }
            steps.add(launches.of(
                    KernelSources.LSTM,
                    List.of("P=f32", Launches.macro("H", op.gates()), Launches.macro("Y", y)),
                    "lstm_cell_gradients",
                    Grid.forEach(count),
                    new Struct()
                            .addresses(
                                    launches.at(op.gradient()) + t * count * Float.BYTES,
                                    recurrent,
                                    launches.at(op.gates())
                                            + t
                                                    * count
                                                    * GATES
                                                    * op.gates().type().byteSize(),
                                    launches.at(op.cells()) + t * count * Float.BYTES,
                                    launches.at(op.cells()) + (t - 1) * count * Float.BYTES,
                                    carried,
                                    launches.at(y)
                                            + t * count * GATES * y.type().byteSize())
                            .longs(count)
                            .ints(hidden, t == 0 ? 1 : 0, t == times - 1 ? 1 : 0)));
        }
        return Launches.all(steps.toArray(Launch[]::new));
    }
}
