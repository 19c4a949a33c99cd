package dev.tutti.tensor.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.Closeness;
import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.graph.BFloat16;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.random.DropoutKey;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Kernels, each by itself, in the emulator: what their formulas give, and what the reference backend gives. */
@ExtendWith(EmulatedCuda.class)
class KernelsTest {
    private static final double CLOSE = 1e-5;

    private final RandomGenerator random =
            RandomGeneratorFactory.of("L64X128MixRandom").create(5);

    @SuppressWarnings("NullAway.Init")
    private DeviceRun device;

    @BeforeEach
    void open() {
        device = new DeviceRun();
    }

    @AfterEach
    void close() {
        if (device != null) {
            device.close();
        }
    }

    @Test
    void sumsRoundToTheTypeOfTheResult() {
        int count = 1000;
        float[] a = draw(count);
        float[] b = draw(count);
        long y = device.room(2L * count);
        long add = device.kernel(KernelSources.ELEMENTWISE, "A=f32 B=f32 Y=bf16", "add");
        device.launch(
                add,
                Grid.forEach(count),
                new Struct().addresses(device.floats(a), device.floats(b), y).longs(count));

        short[] sums = device.shortsAt(y, count);
        for (int i = 0; i < count; i++) {
            assertThat(sums[i]).isEqualTo(BFloat16.fromFloat(a[i] + b[i]));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "3, 7", "4000000000, 5"})
    void dropoutKeepsWhatTheCounterRandomKeeps(long firstRow, int rowElements) {
        int count = 5 * rowElements;
        float rate = 0.4f;
        long layer = 99;
        int[] words = DropoutKey.words(17, 23, firstRow);
        float[] x = draw(count);
        long y = device.room(4L * count);
        long dropout = device.kernel(KernelSources.ELEMENTWISE, "A=f32 B=f32 Y=f32", "dropout");
        device.launch(
                dropout,
                Grid.forEach(count),
                new Struct()
                        .addresses(device.floats(x), device.ints(words), y)
                        .longs(count, rowElements, layer)
                        .floats(rate, 1 / (1 - rate)));

        DropoutKey key = new DropoutKey(i -> words[i], layer);
        float[] actual = device.floatsAt(y, count);
        for (int i = 0; i < count; i++) {
            boolean kept = key.uniform(i, rowElements) >= rate;
            assertThat(actual[i]).isEqualTo(kept ? 1 / (1 - rate) * x[i] : 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 300", "65, 33", "700, 5"})
    void columnsAreSummed(int rows, int columns) {
        float[] x = draw(rows * columns);
        int rowsOfPart = 100;
        int parts = Math.ceilDiv(rows, rowsOfPart);
        long partial = device.room(4L * parts * columns);
        long y = device.room(4L * columns);
        long sum = device.kernel(KernelSources.LAYOUT, "X=f32 Y=f32", "column_sum");
        int blocks = Math.ceilDiv(columns, 32);
        device.launch(
                sum,
                new Grid(blocks, parts, 1, 256),
                new Struct().addresses(device.floats(x), partial).longs(rows, columns, rowsOfPart));
        device.launch(
                sum,
                new Grid(blocks, 1, 1, 256),
                new Struct().addresses(partial, y).longs(parts, columns, parts));

        float[] expected = new float[columns];
        for (int i = 0; i < x.length; i++) {
            expected[i % columns] += x[i];
        }
        Closeness.assertClose("sums", device.floatsAt(y, columns), expected, CLOSE);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "3, 33, 65", "2, 31, 8", "1, 100, 32"})
    void matricesAreTransposed(int count, int rows, int columns) {
        float[] x = draw(count * rows * columns);
        long y = device.room(4L * x.length);
        device.launch(
                device.kernel(KernelSources.LAYOUT, "X=f32 Y=f32", "transpose_matrix"),
                new Grid(count * Math.ceilDiv(columns, 32), Math.ceilDiv(rows, 32), 1, 256),
                new Struct().addresses(device.floats(x), y).longs(rows, columns));

        float[] expected = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            int matrix = i / (rows * columns);
            int row = i / columns % rows;
            expected[(matrix * columns + i % columns) * rows + row] = x[i];
        }
        assertThat(device.floatsAt(y, x.length)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "7, 30", "3, 1000"})
    void layerNormIsThatOfTheReference(int rows, int columns) {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.F32, Shape.of(rows, columns));
        Tensor gamma = builder.input("gamma", ElementType.F32, Shape.of(columns));
        Tensor beta = builder.input("beta", ElementType.F32, Shape.of(columns));
        List<Tensor> results = builder.addAll("y", new NormalizationOp.LayerNorm(x, gamma, beta, 1e-5f));
        builder.output("y", results.get(0));
        builder.output("inverse", results.get(2));
        try (Execution reference = new Execution(Backends.select("reference", 1), builder.build())) {
            reference.draw(3, 2).run();
            long y = device.room(4L * rows * columns);
            long means = device.room(4L * rows);
            long inverse = device.room(4L * rows);
            for (String name : List.of("layer_norm", "layer_norm_of_warps")) {
                long kernel = device.kernel(KernelSources.LAYER_NORM, "X=f32 G=f32 Y=f32", name);
                device.launch(
                        kernel,
                        Grid.blocks(name.equals("layer_norm") ? rows : Math.ceilDiv(rows, 8), 256),
                        new Struct()
                                .addresses(
                                        input(reference, "x"),
                                        input(reference, "gamma"),
                                        input(reference, "beta"),
                                        y,
                                        means,
                                        inverse)
                                .ints(rows, columns)
                                .floats(1e-5f));
                Closeness.assertClose("y", device.floatsAt(y, rows * columns), reference.output("y"), CLOSE);
                Closeness.assertClose("inverse", device.floatsAt(inverse, rows), reference.output("inverse"), CLOSE);
            }
        }
    }

    /** A row's neighbours are read at once where it lies so, and one at a time elsewhere. */
    @ParameterizedTest
    @CsvSource({"layer_norm, 5", "layer_norm_of_warps, 1"})
    void whereATensorLiesChangesNothing(String name, int blocks) {
        int rows = 5;
        int columns = 300;
        float[] x = draw(rows * columns);
        float[] shifted = new float[x.length + 1];
        System.arraycopy(x, 0, shifted, 1, x.length);
        long parameters = device.floats(draw(columns));
        long kernel = device.kernel(KernelSources.LAYER_NORM, "X=f32 G=f32 Y=f32", name);
        List<float[]> results = new ArrayList<>();
        for (long at : List.of(device.floats(x), device.floats(shifted) + Float.BYTES)) {
            long y = device.room(4L * x.length);
            long statistics = device.room(4L * rows);
            Struct struct = new Struct()
                    .addresses(at, parameters, parameters, y, statistics, statistics)
                    .ints(rows, columns)
                    .floats(1e-5f);
            device.launch(kernel, Grid.blocks(blocks, 256), struct);
            results.add(device.floatsAt(y, x.length));
        }
        assertThat(results.get(1)).isEqualTo(results.get(0));
    }

    @ParameterizedTest
    @CsvSource({"9, 10", "3, 1029", "1, 1"})
    void crossEntropyIsThatOfPlainLoops(int rows, int columns) {
        float[] logits = draw(rows * columns);
        int[] labels = new int[rows];
        float[] expectedLosses = new float[rows];
        float[] expected = new float[logits.length];
        for (int row = 0; row < rows; row++) {
            labels[row] = (7 * row + 3) % columns;
            double sum = 0;
            for (int i = 0; i < columns; i++) {
                sum += Math.exp(logits[row * columns + i]);
            }
            expectedLosses[row] = (float) (Math.log(sum) - logits[row * columns + labels[row]]);
            for (int i = 0; i < columns; i++) {
                double probability = Math.exp(logits[row * columns + i]) / sum;
                expected[row * columns + i] = (float) (0.5 * (probability - (i == labels[row] ? 1 : 0)));
            }
        }
        long y = device.room(4L * logits.length);
        long losses = device.room(4L * rows);
        Struct struct = new Struct()
                .addresses(device.floats(logits), device.ints(labels), device.floats(0.5f), y, losses)
                .addresses(device.room(4L * rows))
                .longs(rows)
                .ints(columns, 0, 0)
                .floats(0);
        for (String team : List.of("", "_of_warps")) {
            Grid grid = Grid.blocks(team.isEmpty() ? rows : Math.ceilDiv(rows, 8), 256);
            for (String name : List.of("cross_entropy", "cross_entropy_gradient")) {
                device.launch(device.kernel(KernelSources.LOSS, "X=f32 Y=f32", name + team), grid, struct);
            }
            Closeness.assertClose("losses", device.floatsAt(losses, rows), expectedLosses, CLOSE);
            Closeness.assertClose("gradients", device.floatsAt(y, logits.length), expected, CLOSE);
        }
    }

    /** On tensor cores, with rows and widths that fill no tile, and on the others. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 2, 16, true",
        "2, 7, 3, 8, false",
        "1, 70, 2, 24, true",
        "1, 40, 2, 9, true",
        "2, 130, 1, 64, true",
        "1, 200, 1, 64, true",
        "1, 65, 1, 64, false",
        "1, 150, 1, 128, true",
        "1, 70, 1, 104, false"
    })
    void attentionIsThatOfTheReference(int samples, int time, int heads, int size, boolean causal) {
        int width = heads * size;
        GraphBuilder builder = new GraphBuilder();
        Tensor qkv = builder.input("qkv", ElementType.BF16, Shape.of(samples, time, 3 * width));
        Tensor ignored = builder.input("ignored", ElementType.I32, Shape.of(samples, time));
        Tensor gradient = builder.input("gradient", ElementType.BF16, Shape.of(samples, time, width));
        List<Tensor> results =
                builder.addAll("out", new SequenceOp.Attention(qkv, Optional.of(ignored), heads, causal));
        builder.output("out", results.get(0));
        builder.output("logarithms", results.get(1));
        builder.output(
                "dqkv",
                builder.add(
                        "dqkv",
                        new SequenceOp.AttentionGradient(
                                gradient, qkv, results.get(0), results.get(1), Optional.of(ignored), heads, causal)));
        try (Execution reference = new Execution(Backends.select("reference", 1), builder.build())) {
            reference.draw(3, 2);
            for (int i = 0; i < samples * time; i++) {
                reference.input("ignored").set(i, i % 5 == 3 ? 1 : 0);
            }
            reference.run();
            Attended attended = new Attended(reference, samples, time, heads, size, causal);
            attended.run(1);
            attended.isClose(reference, 1e-2);
            attended.run(2);
            attended.isClose(reference, 1e-2);
            attended.runRows();
            attended.isClose(reference, 1e-4);
        }
    }

    /** Attention and its gradient, with what the reference had. */
    private final class Attended {
        private final int samples;
        private final int time;
        private final int heads;
        private final int size;
        private final long gradient;
        private final long out;
        private final long logarithms;
        private final long dqkv;
        private final long dots;
        private final long qkv;
        private final long ignored;
        private final boolean causal;

        Attended(Execution reference, int samples, int time, int heads, int size, boolean causal) {
            this.samples = samples;
            this.time = time;
            this.heads = heads;
            this.size = size;
            this.causal = causal;
            this.qkv = input(reference, "qkv");
            this.ignored = input(reference, "ignored");
            this.gradient = input(reference, "gradient");
            this.out = device.room(4L * samples * time * heads * size);
            this.logarithms = device.room(4L * samples * heads * time);
            this.dots = device.room(4L * samples * heads * time);
            this.dqkv = device.room(12L * samples * time * heads * size);
        }

        private Struct heads() {
            return new Struct()
                    .addresses(qkv, ignored)
                    .ints(samples, heads, time, size, causal ? 1 : 0, 1)
                    .floats((float) (1 / Math.sqrt(size)))
                    .end();
        }

        void isClose(Execution reference, double tolerance) {
            int width = heads * size;
            float[] outputs = device.floatsAt(out, samples * time * width);
            float[] sums = device.floatsAt(logarithms, samples * heads * time);
            float[] gradients = device.floatsAt(dqkv, samples * time * 3 * width);
            Closeness.assertClose("out", outputs, reference.output("out"), tolerance);
            Closeness.assertClose("logarithms", sums, reference.output("logarithms"), tolerance);
            Closeness.assertClose("dqkv", gradients, reference.output("dqkv"), tolerance);
        }

        void runRows() {
            Grid rows = Grid.blocks(Math.ceilDiv(samples * heads * time, 4), 128);
            List<String> kernels = List.of("attention_rows", "attention_dots", "attention_rows_gradient");
            for (String kernel : kernels) {
                launch(KernelSources.ATTENTION_ROWS, "X=bf16 Y=f32", kernel, rows);
            }
        }

        /** @param tiles of rows that a warp has; with large heads this is one on the way back */
        void run(int tiles) {
            launch(KernelSources.ATTENTION, macros(tiles), "attention", blocks(tiles));
            int gradientTiles = size > 64 ? 1 : tiles;
            String macros = macros(gradientTiles);
            Grid blocks = blocks(gradientTiles);
            Grid rows = Grid.blocks(Math.ceilDiv(samples * heads * time, 4), 128);
            launch(KernelSources.ATTENTION_GRADIENT, macros, "attention_dots", rows);
            launch(KernelSources.ATTENTION_GRADIENT, macros, "attention_key_gradient", blocks);
            launch(KernelSources.ATTENTION_GRADIENT, macros, "attention_query_gradient", blocks);
        }

        private String macros(int tiles) {
            return "X=bf16 Y=f32 SIZE=%d OWN=%d".formatted(size, tiles);
        }

        private Grid blocks(int tiles) {
            return new Grid(samples * Math.ceilDiv(time, 64 * tiles), heads, 1, 128);
        }

        private void launch(KernelSources kernels, String macros, String name, Grid grid) {
            Struct struct = name.equals("attention") || name.equals("attention_rows")
                    ? heads().addresses(out, logarithms)
                    : heads().addresses(gradient, out, logarithms, dots, dqkv);
            device.launch(device.kernel(kernels, macros, name), grid, struct);
        }
    }

    @Test
    void whatDoesNotCompileIsSaidWithTheCompilersWords() {
        assertThatThrownBy(() -> device.kernel(KernelSources.ELEMENTWISE, "A=f32 B=f32 Y=nothing", "add"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("kernels do not compile with")
                .hasMessageContaining("nothing");
    }

    private long input(Execution reference, String name) {
        byte[] bytes = reference.program().input(name).toArray(ValueLayout.JAVA_BYTE);
        return device.bytes(bytes);
    }

    private float[] draw(int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = random.nextFloat(-1, 1);
        }
        return numbers;
    }
}
