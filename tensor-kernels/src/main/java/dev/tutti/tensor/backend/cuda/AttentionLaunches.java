package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.Optional;

/** On tensor cores ({@code attention.cu}, {@code attention_gradient.cu}) where types and sizes allow it, else row by row ({@code attention_rows.cu}). */
record AttentionLaunches(Launches launches) {
    private static final int LARGEST_HEAD = 128;
    /** Beyond these the registers of a thread do not hold what two tiles of rows need. */
    private static final int HEAD_OF_TWO_TILES_FORWARD = 112;

    private static final int HEAD_OF_TWO_TILES_BACKWARD = 64;
    private static final int THREADS = 128;
    private static final int WARPS = 4;
    private static final int ROWS_OF_TILE = 16;

    private record Size(int samples, int time, int heads, int head, boolean causal) {
        static Size of(Tensor qkv, int heads, boolean causal) {
            Shape shape = qkv.shape();
            return new Size(shape.size(0), shape.size(1), heads, shape.size(2) / 3 / heads, causal);
        }

        /** Of rows: a query each. */
        long count() {
            return (long) samples * heads * time;
        }

        int forwardTiles() {
            return tiles(HEAD_OF_TWO_TILES_FORWARD);
        }

        int backwardTiles() {
            return tiles(HEAD_OF_TWO_TILES_BACKWARD);
        }

        /** How many tiles of rows a warp has; two share what is loaded, and are of no use where there are not so many rows. */
        private int tiles(int largestHeadOfTwo) {
            return time <= WARPS * ROWS_OF_TILE || head > largestHeadOfTwo ? 1 : 2;
        }

        /** A head has a y, and a sample a run of x. */
        Grid blocks(int tiles) {
            long ofSample = Math.ceilDiv(time, WARPS * ROWS_OF_TILE * tiles);
            return new Grid(Grid.inX(samples * ofSample), heads, 1, THREADS);
        }

        /** A warp for each. */
        Grid rows() {
            return Grid.blocks(Math.ceilDiv(count(), WARPS), THREADS);
        }
    }

    Launch forward(SequenceOp.Attention op, List<Tensor> results) {
        Size size = Size.of(op.qkv(), op.heads(), op.causal());
        Struct struct =
                heads(op.qkv(), op.ignored(), size).addresses(launches.at(results.get(0)), launches.at(results.get(1)));
        if (!usesTiles(op.qkv(), size)) {
            List<String> macros = List.of(Launches.macro("X", op.qkv()), "Y=f32");
            return launches.of(KernelSources.ATTENTION_ROWS, macros, "attention_rows", size.rows(), struct);
        }
        List<String> macros = tiles(op.qkv(), ElementType.F32, size, size.forwardTiles());
        return launches.of(KernelSources.ATTENTION, macros, "attention", size.blocks(size.forwardTiles()), struct);
    }

    Launch backward(SequenceOp.AttentionGradient op, Tensor y) {
        Size size = Size.of(op.qkv(), op.heads(), op.causal());
        long dots = launches.scratch(size.count() * Float.BYTES);
        Struct struct = heads(op.qkv(), op.ignored(), size)
                .addresses(
                        launches.at(op.gradient()),
                        launches.at(op.output()),
                        launches.at(op.logSumExp()),
                        dots,
                        launches.at(y));
        if (!usesTiles(op.qkv(), size)) {
            List<String> macros = List.of(Launches.macro("X", op.qkv()), Launches.macro("Y", y));
            return Launches.all(
                    launches.of(KernelSources.ATTENTION_ROWS, macros, "attention_dots", size.rows(), struct),
                    launches.of(KernelSources.ATTENTION_ROWS, macros, "attention_rows_gradient", size.rows(), struct));
        }
        KernelSources source = KernelSources.ATTENTION_GRADIENT;
        List<String> macros = tiles(op.qkv(), y.type(), size, size.backwardTiles());
        Grid blocks = size.blocks(size.backwardTiles());
        return Launches.all(
                launches.of(source, macros, "attention_dots", size.rows(), struct),
                launches.of(source, macros, "attention_key_gradient", blocks, struct),
                launches.of(source, macros, "attention_query_gradient", blocks, struct));
    }

    private static boolean usesTiles(Tensor qkv, Size size) {
        return qkv.type() != ElementType.F32 && size.head <= LARGEST_HEAD;
    }

    private static List<String> tiles(Tensor qkv, ElementType result, Size size, int tiles) {
        return List.of(Launches.macro("X", qkv), "Y=" + result, "SIZE=" + size.head, "OWN=" + tiles);
    }

    private Struct heads(Tensor qkv, Optional<Tensor> ignored, Size size) {
        return new Struct()
                .addresses(launches.at(qkv), ignored.map(launches::at).orElse(0L))
                .ints(size.samples, size.heads, size.time, size.head, size.causal ? 1 : 0, ignored.isPresent() ? 1 : 0)
                .floats((float) (1 / Math.sqrt(size.head)))
                .end();
    }
}
