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
                matmul(left, transposeLeft, right, transposeRight, Optional.empty(), Activation.IDENTITY, y);
            case MatrixOp.RoundedMatMul(var left, var transposeLeft, var right, var transposeRight, var _) ->
                matmul(left, transposeLeft, right, transposeRight, Optional.empty(), Activation.IDENTITY, y);
            case MatrixOp.Dense(var x, var weight, var bias, var activation, var _) ->
                matmul(x, false, weight, true, Optional.of(bias), activation, y);
            case MatrixOp.AddBias addBias -> elementwise.addBias(addBias, y);
            case MatrixOp.ColumnSum(var x, var _) ->
                columnSum(launches.at(x), "X=" + x.type(), x.elementCount() / y.elementCount(), launches.at(y), y);
        };
    }

    private Launch matmul(
            Tensor left,
            boolean transposeLeft,
            Tensor right,
            boolean transposeRight,
            Optional<Tensor> bias,
            Activation activation,
            Tensor y) {
        Shape result = y.shape();
        int m = result.size(0);
        int n = result.size(1);
        int k = Math.toIntExact(left.elementCount() / m);
        return product(new Product(
                new Product.Operands(left.type(), launches.at(left), transposeLeft, launches.at(right), transposeRight),
                new Product.Size(m, n, k),
                bias.map(launches::at),
                activation,
                new Place(y.type(), launches.at(y))));
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

    /** In two steps where rows are many: parts of them, then these. */
    Launch columnSum(long x, String operandType, long rows, long to, Tensor y) {
        long columns = y.elementCount();
        int parts = Math.clamp(Math.ceilDiv(rows, SUM_ROWS), 1, SUM_ROWS);
        long rowsOfPart = Math.ceilDiv(rows, parts);
        int blocks = Math.toIntExact(Math.ceilDiv(columns, SUM_COLUMNS));
        if (parts == 1) {
            return sum(operandType, "Y=" + y.type(), new Grid(blocks, 1, 1, SUM_THREADS), x, to, rows, columns, rows);
        }
        long partial = launches.scratch(parts * columns * Float.BYTES);
        return Launches.all(
                sum(
                        operandType,
                        "Y=f32",
                        new Grid(blocks, parts, 1, SUM_THREADS),
                        x,
                        partial,
                        rows,
                        columns,
                        rowsOfPart),
                sum("X=f32", "Y=" + y.type(), new Grid(blocks, 1, 1, SUM_THREADS), partial, to, parts, columns, parts));
    }

    private Launch sum(String x, String y, Grid grid, long from, long to, long rows, long columns, long rowsOfPart) {
        return launches.of(
                KernelSources.LAYOUT,
                List.of(x, y),
                "column_sum",
                grid,
                new Struct().addresses(from, to).longs(rows, columns, rowsOfPart));
    }
}
