package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.Optional;

/** On tensor cores ({@code attention.cu}) where types and sizes allow it, else row by row ({@code attention_rows.cu}). */
record AttentionLaunches(Launches launches) {
    private static final int LARGEST_HEAD = 128;
    /** Beyond it 64 rows of all that is needed do not fit into shared memory. */
    private static final int HEAD_OF_LARGE_TILES = 64;

    private static final int THREADS = 128;
    private static final int ROWS_OF_BLOCK = 64;
    private static final int WARPS = 4;

    private record Size(int samples, int time, int heads, int head, boolean causal) {
        static Size of(Tensor qkv, int heads, boolean causal) {
            Shape shape = qkv.shape();
            return new Size(shape.size(0), shape.size(1), heads, shape.size(2) / 3 / heads, causal);
        }

        Grid blocks() {
            return new Grid(Math.ceilDiv(time, ROWS_OF_BLOCK), heads, samples, THREADS);
        }

        /** A warp for each. */
        Grid rows() {
            return Grid.blocks(Math.ceilDiv(samples * heads * time, WARPS), THREADS);
        }
    }

    Launch forward(SequenceOp.Attention op, List<Tensor> results) {
        Size size = Size.of(op.qkv(), op.heads(), op.causal());
        Struct struct =
                heads(op.qkv(), op.ignored(), size).addresses(launches.at(results.get(0)), launches.at(results.get(1)));
        return usesTiles(op.qkv(), size)
                ? launches.of(
                        KernelSources.ATTENTION,
                        tiles(op.qkv(), ElementType.F32, size),
                        "attention",
                        size.blocks(),
                        struct)
                : launches.of(
                        KernelSources.ATTENTION_ROWS,
                        List.of(Launches.macro("X", op.qkv()), "Y=f32"),
                        "attention_rows",
                        size.rows(),
                        struct);
    }

    Launch backward(SequenceOp.AttentionGradient op, Tensor y) {
        Size size = Size.of(op.qkv(), op.heads(), op.causal());
        long dots = launches.memory().allocate((long) size.samples * size.heads * size.time * Float.BYTES);
        Struct struct = heads(op.qkv(), op.ignored(), size)
                .addresses(
                        launches.at(op.gradient()),
                        launches.at(op.output()),
                        launches.at(op.logSumExp()),
                        dots,
                        launches.at(y));
        boolean tiles = usesTiles(op.qkv(), size);
        KernelSources source = tiles ? KernelSources.ATTENTION : KernelSources.ATTENTION_ROWS;
        List<String> macros = tiles
                ? tiles(op.qkv(), y.type(), size)
                : List.of(Launches.macro("X", op.qkv()), Launches.macro("Y", y));
        Launch rows = launches.of(source, macros, "attention_dots", size.rows(), struct);
        return tiles
                ? Launches.all(
                        rows,
                        launches.of(source, macros, "attention_key_gradient", size.blocks(), struct),
                        launches.of(source, macros, "attention_query_gradient", size.blocks(), struct))
                : Launches.all(rows, launches.of(source, macros, "attention_rows_gradient", size.rows(), struct));
    }

    private static boolean usesTiles(Tensor qkv, Size size) {
        return qkv.type() != ElementType.F32 && size.head <= LARGEST_HEAD;
    }

    private static List<String> tiles(Tensor qkv, ElementType result, Size size) {
        int head = Math.ceilDiv(size.head, 16) * 16;
        return List.of(
                Launches.macro("X", qkv),
                "Y=" + result,
                "HEAD=" + head,
                "TILE=" + (head <= HEAD_OF_LARGE_TILES ? 64 : 32));
    }

    private Struct heads(Tensor qkv, Optional<Tensor> ignored, Size size) {
        return new Struct()
                .addresses(launches.at(qkv), ignored.map(launches::at).orElse(0L))
                .ints(size.samples, size.heads, size.time, size.head, size.causal ? 1 : 0, ignored.isPresent() ? 1 : 0)
                .floats((float) (1 / Math.sqrt(size.head)))
                .end();
    }
}
