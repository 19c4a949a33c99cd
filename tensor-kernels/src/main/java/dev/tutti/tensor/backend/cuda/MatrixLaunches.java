package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.Optional;

/** {@code matmul.cu}, and sums over rows. */
record MatrixLaunches(Launches launches, ElementwiseLaunches elementwise) {
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
        return product(
                new Operands(launches.at(left), transposeLeft, launches.at(right), transposeRight),
                bias.map(launches::at),
                new Size(m, n, k),
                List.of(
                        Launches.macro("X", left),
                        Launches.macro("Y", y),
                        "FUNCTION=" + ElementwiseLaunches.function(activation)),
                launches.at(y));
    }

    /** Where both are, and how they lie. */
    record Operands(long left, boolean transposeLeft, long right, boolean transposeRight) {}

    /** (m, k) × (k, n). */
    record Size(int m, int n, int k) {}

    Launch product(Operands operands, Optional<Long> bias, Size size, List<String> macros, long y) {
        return launches.of(
                KernelSources.MATMUL,
                macros,
                "matmul",
                new Grid(Math.ceilDiv(size.m, TILE), Math.ceilDiv(size.n, TILE), 1, THREADS),
                new Struct()
                        .addresses(operands.left, operands.right, bias.orElse(0L), y)
                        .ints(
                                size.m,
                                size.n,
                                size.k,
                                operands.transposeLeft ? 1 : 0,
                                operands.transposeRight ? 1 : 0,
                                bias.isPresent() ? 1 : 0));
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
        long partial = launches.memory().allocate(parts * columns * Float.BYTES);
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
