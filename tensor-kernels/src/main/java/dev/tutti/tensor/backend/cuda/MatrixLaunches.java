package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.Optional;

/** Products of matrices, and sums over rows. */
record MatrixLaunches(Launches launches, ElementwiseLaunches elementwise, Optional<ProductPlans> plans) {
    private static final int TILE = 64;
    private static final int THREADS = 128;
    private static final int SUM_COLUMNS = 32;
    private static final int SUM_THREADS = 256;
    private static final int SUM_ROWS = 256;

    Launch bind(MatrixOp op, Tensor y) {
        return switch (op) {
            case MatrixOp.MatMul(var left, var transposeLeft, var right, var transposeRight) ->
                matmul(operands(left, transposeLeft, right, transposeRight), left, y);
            case MatrixOp.RoundedMatMul(var left, var transposeLeft, var right, var transposeRight, var _) ->
                matmul(operands(left, transposeLeft, right, transposeRight), left, y);
            case MatrixOp.Dense(var x, var weight, var bias, var activation, var _) ->
                product(new Product(
                        operands(x, false, weight, true),
                        size(x, y),
                        Optional.of(launches.at(bias)),
                        activation,
                        launches.place(y)));
            case MatrixOp.AddBias addBias -> elementwise.addBias(addBias, y);
            case MatrixOp.ColumnSum(var x, var _) ->
                columnSum(launches.place(x), x.elementCount() / y.elementCount(), y);
        };
    }

    private Product.Operands operands(Tensor left, boolean transposeLeft, Tensor right, boolean transposeRight) {
        return new Product.Operands(left.type(), launches.at(left), transposeLeft, launches.at(right), transposeRight);
    }

    private static Product.Size size(Tensor left, Tensor y) {
        Shape result = y.shape();
        int m = result.size(0);
        return new Product.Size(m, result.size(1), Math.toIntExact(left.elementCount() / m));
    }

    private Launch matmul(Product.Operands operands, Tensor left, Tensor y) {
        return product(Product.plain(operands, size(left, y), launches.place(y)));
    }

    /** By cuBLASLt where it can, and by tiles of our own where not. */
    Launch product(Product product) {
        return plans.flatMap(library -> planned(library, product)).orElseGet(() -> tiles(product));
    }

    /** In one go, or the sums, rounded to the result's type only where that changes nothing, and the activation behind. */
    private Optional<Launch> planned(ProductPlans library, Product product) {
        Place result = product.result();
        Activation activation = product.activation();
        Optional<Launch> whole = biased(library, product);
        if (whole.isPresent() || activation == Activation.IDENTITY) {
            return whole;
        }
        long results = product.size().results();
        boolean exact = activation == Activation.RELU || result.type() == ElementType.F32;
        Place sums = exact ? result : new Place(ElementType.F32, launches.scratch(results * Float.BYTES));
        return biased(library, product.sums(sums))
                .map(launch -> Launches.all(launch, elementwise.apply(activation, sums, result, results)));
    }

    /** A bias that the library cannot read where it is, or as it is, is copied before, in the result's type. */
    private Optional<Launch> biased(ProductPlans library, Product product) {
        ElementType type = product.result().type();
        Optional<Place> bias = product.bias().map(address -> new Place(ElementType.F32, address));
        if (bias.isEmpty() || ProductPlans.takesBias(bias.get().address(), type)) {
            return library.plan(product, bias);
        }
        int n = product.size().n();
        Place copy = new Place(type, launches.scratch((long) n * type.byteSize()));
        return library.plan(product, Optional.of(copy))
                .map(launch -> Launches.all(elementwise.cast(bias.get(), copy, n), launch));
    }

    private Launch tiles(Product product) {
        Product.Operands operands = product.operands();
        Product.Size size = product.size();
        return launches.of(
                KernelSources.MATMUL,
                List.of(
                        "X=" + operands.type(),
                        product.result().macro("Y"),
                        "FUNCTION=" + ElementwiseLaunches.function(product.activation())),
                "matmul",
                new Grid(Math.ceilDiv(size.m(), TILE), Math.ceilDiv(size.n(), TILE), 1, THREADS),
                new Struct()
                        .addresses(
                                operands.left(),
                                operands.right(),
                                product.bias().orElse(0L),
                                product.result().address())
                        .ints(
                                size.m(),
                                size.n(),
                                size.k(),
                                operands.transposeLeft() ? 1 : 0,
                                operands.transposeRight() ? 1 : 0,
                                product.bias().isPresent() ? 1 : 0));
    }

    /** Of x in rows as wide as y. In two steps where they are many: parts of them, then these. */
    Launch columnSum(Place x, long rows, Tensor y) {
        long columns = y.elementCount();
        long rowsOfPart = Math.ceilDiv(rows, Math.clamp(Math.ceilDiv(rows, SUM_ROWS), 1, SUM_ROWS));
        long parts = Math.ceilDiv(rows, rowsOfPart);
        if (parts == 1) {
            return sum(x, launches.place(y), rows, columns, rows);
        }
        Place partial = new Place(ElementType.F32, launches.scratch(parts * columns * Float.BYTES));
        return Launches.all(
                sum(x, partial, rows, columns, rowsOfPart), sum(partial, launches.place(y), parts, columns, parts));
    }

    private Launch sum(Place from, Place to, long rows, long columns, long rowsOfPart) {
        int blocks = Grid.inX(Math.ceilDiv(columns, SUM_COLUMNS));
        int parts = Math.toIntExact(Math.ceilDiv(rows, rowsOfPart));
        return launches.of(
                KernelSources.LAYOUT,
                List.of(from.macro("X"), to.macro("Y")),
                "column_sum",
                new Grid(blocks, parts, 1, SUM_THREADS),
                new Struct().addresses(from.address(), to.address()).longs(rows, columns, rowsOfPart));
    }
}
