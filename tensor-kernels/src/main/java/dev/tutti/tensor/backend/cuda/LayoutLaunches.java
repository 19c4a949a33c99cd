package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;

/** {@code layout.cu}. */
record LayoutLaunches(Launches launches) {
    private static final int MOST_DIMENSIONS = 8;
    private static final int TILE = 32;
    private static final int TILE_THREADS = 256;
    /** Of the rows and the columns of a matrix: of fewer a tile would be empty but for little. */
    private static final int FEWEST_OF_TILE = 8;

    Launch bind(LayoutOp op, Tensor y) {
        return switch (op) {
            case LayoutOp.Reshape(var x, var _) -> reshape(x, y);
            case LayoutOp.Transpose(var x, var axes) -> transpose(x, axes, y);
            case LayoutOp.Concat(var parts, int axis) -> concat(parts, axis, y);
            case LayoutOp.Slice(var x, int axis, int begin, int _) -> move("move_axis", x, axis, begin, y, 0);
            case LayoutOp.Pad(var x, int axis, int before, int _) -> move("pad_axis", x, axis, 0, y, before);
            case LayoutOp.Sum(var x, int axis, float factor) ->
                launch(
                        "sum_axis",
                        x,
                        y,
                        struct(x, y)
                                .longs(y.elementCount(), inner(x.shape(), axis))
                                .ints(x.shape().size(axis))
                                .floats(factor));
            case LayoutOp.Repeat(var x, int axis, int count, float factor) ->
                launch(
                        "repeat_axis",
                        x,
                        y,
                        struct(x, y)
                                .longs(y.elementCount(), inner(y.shape(), axis))
                                .ints(count)
                                .floats(factor));
        };
    }

    /** Nothing where the result lies in the operand's memory. */
    private Launch reshape(Tensor x, Tensor y) {
        if (launches.at(x) == launches.at(y)) {
            return _ -> {};
        }
        Struct struct = struct(x, y).longs(1, x.elementCount()).ints(1, 0, 1, 0, 1);
        return launch("move_axis", x, y, struct);
    }

    private Launch transpose(Tensor x, List<Integer> axes, Tensor y) {
        Transposition transposition = Transposition.of(x.shape(), axes);
        return transposition
                .matrices()
                .filter(LayoutLaunches::fillTiles)
                .map(matrices -> tiles(x, matrices, y))
                .orElseGet(() -> gather(x, transposition.runs(), y));
    }

    private static boolean fillTiles(Transposition.Matrices matrices) {
        return Math.min(matrices.rows(), matrices.columns()) >= FEWEST_OF_TILE
                && Math.ceilDiv(matrices.rows(), TILE) <= Grid.MOST_BLOCKS_IN_Y_AND_Z;
    }

    private Launch tiles(Tensor x, Transposition.Matrices matrices, Tensor y) {
        int blocks = Grid.inX(matrices.count() * Math.ceilDiv(matrices.columns(), TILE));
        Grid grid = new Grid(blocks, Math.toIntExact(Math.ceilDiv(matrices.rows(), TILE)), 1, TILE_THREADS);
        return launch("transpose_matrix", x, y, grid, struct(x, y).longs(matrices.rows(), matrices.columns()));
    }

    private Launch gather(Tensor x, List<Transposition.Run> runs, Tensor y) {
        int rank = runs.size();
        if (rank > MOST_DIMENSIONS) {
            throw new UnsupportedOperationException(
                    "cuda transposes " + MOST_DIMENSIONS + " dimensions at most, got " + y);
        }
        Struct struct = struct(x, y).longs(y.elementCount()).ints(rank);
        for (int d = 0; d < MOST_DIMENSIONS; d++) {
            struct.longs(d < rank ? runs.get(d).size() : 1);
        }
        for (int d = 0; d < MOST_DIMENSIONS; d++) {
            struct.longs(d < rank ? runs.get(d).stride() : 0);
        }
        return launch("transpose", x, y, struct);
    }

    private Launch concat(List<Tensor> parts, int axis, Tensor y) {
        Launch[] moves = new Launch[parts.size()];
        int begin = 0;
        for (int i = 0; i < moves.length; i++) {
            moves[i] = move("move_axis", parts.get(i), axis, 0, y, begin);
            begin += parts.get(i).shape().size(axis);
        }
        return Launches.all(moves);
    }

    private Launch move(String name, Tensor x, int axis, int fromBegin, Tensor y, int toBegin) {
        int fromSize = x.shape().size(axis);
        int toSize = y.shape().size(axis);
        long inner = inner(x.shape(), axis);
        return launch(
                name,
                x,
                y,
                struct(x, y)
                        .longs(x.elementCount() / (inner * fromSize), inner)
                        .ints(fromSize, fromBegin, toSize, toBegin, Math.min(fromSize - fromBegin, toSize - toBegin)));
    }

    private Struct struct(Tensor x, Tensor y) {
        return new Struct().addresses(launches.at(x), launches.at(y));
    }

    private Launch launch(String name, Tensor x, Tensor y, Struct struct) {
        return launch(name, x, y, Grid.forEach(y.elementCount()), struct);
    }

    private Launch launch(String name, Tensor x, Tensor y, Grid grid, Struct struct) {
        return launches.of(
                KernelSources.LAYOUT, List.of(Launches.macro("X", x), Launches.macro("Y", y)), name, grid, struct);
    }

    /** Elements of one index of the axis. */
    static long inner(Shape shape, int axis) {
        long inner = 1;
        for (int dimension = axis + 1; dimension < shape.rank(); dimension++) {
            inner *= shape.size(dimension);
        }
        return inner;
    }
}
