package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ImageLayout;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;

/** {@code normalization.cu}; {@code layer_norm.cu} for rows that registers hold. */
record NormalizationLaunches(Launches launches, MatrixLaunches matrices) {
    private static final int THREADS = 256;
    private static final int COLUMNS = 32;
    private static final int ROWS_OF_PART = 256;
    private static final int WARP = 32;
    /** What a thread of {@code layer_norm.cu} holds of a row. */
    private static final int COLUMNS_OF_THREAD = 32;

    private static final long NONE = 0;

    /** What is normalized together, as the source says it. */
    private record Groups(int count, int size, int pixels, boolean byGroup) {
        static Groups rows(Shape shape) {
            return new Groups(Math.toIntExact(shape.elementCount() / shape.last()), shape.last(), 0, false);
        }

        static Groups channels(Shape shape, ImageLayout layout) {
            if (layout == ImageLayout.SAMPLES_LAST) {
                int channels = layout.channels(shape);
                return new Groups(channels, Math.toIntExact(shape.elementCount() / channels), 0, true);
            }
            int count = shape.size(1);
            int pixels = Math.toIntExact(shape.elementCount() / ((long) shape.size(0) * count));
            return new Groups(count, shape.size(0) * pixels, pixels, true);
        }

        void addTo(Struct struct) {
            struct.ints(count, size, pixels, byGroup ? 1 : 0);
        }
    }

    /** What is normalized with which parameters. */
    private record Normalized(Tensor x, Tensor gamma, Tensor beta, float epsilon) {}

    /** What the gradient of that depends on. */
    private record Statistics(Tensor gradient, Tensor x, Tensor gamma, Tensor mean, Tensor inverseDeviation) {}

    Launch bind(NormalizationOp op, List<Tensor> results) {
        Tensor y = results.getFirst();
        return switch (op) {
            case NormalizationOp.Softmax(var x) -> rows("softmax", x, x, y);
            case NormalizationOp.SoftmaxGradient(var gradient, var output) ->
                rows("softmax_gradient", output, gradient, y);
            case NormalizationOp.LayerNorm(var x, var gamma, var beta, float epsilon) ->
                layerNorm(new Normalized(x, gamma, beta, epsilon), results);
            case NormalizationOp.BatchNorm(var x, var gamma, var beta, var _, var _, float epsilon, var layout) ->
                normalize(Groups.channels(x.shape(), layout), new Normalized(x, gamma, beta, epsilon), results);
            case NormalizationOp.LayerNormGradient(var gradient, var x, var gamma, var mean, var inverseDeviation) ->
                layerNormGradient(new Statistics(gradient, x, gamma, mean, inverseDeviation), results);
            case NormalizationOp.BatchNormGradient(
                    var gradient,
                    var x,
                    var gamma,
                    var mean,
                    var inverseDeviation,
                    var layout) ->
                gradient(
                        Groups.channels(x.shape(), layout),
                        new Statistics(gradient, x, gamma, mean, inverseDeviation),
                        results);
            case NormalizationOp.BatchNormInference(
                    var x,
                    var gamma,
                    var beta,
                    var mean,
                    var variance,
                    float epsilon,
                    var layout) -> {
                Groups groups = Groups.channels(x.shape(), layout);
                Struct struct = new Struct()
                        .addresses(
                                launches.at(x),
                                launches.at(gamma),
                                launches.at(beta),
                                launches.at(mean),
                                launches.at(variance),
                                launches.at(y));
                groups.addTo(struct);
                yield launch(
                        "batch_norm_inference",
                        macros(x, x, y),
                        Grid.blocks(groups.count, THREADS),
                        struct.floats(epsilon));
            }
        };
    }

    private static int rows(Tensor x) {
        return Math.toIntExact(x.elementCount() / x.shape().last());
    }

    private static boolean isHeld(Tensor x) {
        return x.shape().last() <= THREADS * COLUMNS_OF_THREAD;
    }

    private Launch layerNorm(Normalized op, List<Tensor> results) {
        Tensor x = op.x;
        if (!isHeld(x)) {
            return normalize(Groups.rows(x.shape()), op, results);
        }
        Struct struct = new Struct()
                .addresses(launches.at(x), launches.at(op.gamma), launches.at(op.beta))
                .addresses(addresses(results))
                .ints(rows(x), x.shape().last())
                .floats(op.epsilon);
        return held("layer_norm", x, macros(x, x, results.getFirst()), struct);
    }

    /** dx may lie where the gradient does, so it comes last. */
    private Launch layerNormGradient(Statistics op, List<Tensor> results) {
        Tensor x = op.x;
        Launch weights = weights(op, results.get(1), results.get(2));
        if (!isHeld(x)) {
            return Launches.all(weights, gradient(Groups.rows(x.shape()), op, results));
        }
        Tensor dx = results.getFirst();
        Struct struct = new Struct()
                .addresses(launches.at(op.gradient), launches.at(x), launches.at(op.gamma))
                .addresses(launches.at(op.mean), launches.at(op.inverseDeviation), launches.at(dx))
                .ints(rows(x), x.shape().last());
        return Launches.all(weights, held("layer_norm_gradient", x, macros(x, op.gradient, dx), struct));
    }

    /** A warp has a row as far as it holds it, else a block does. */
    private Launch held(String name, Tensor x, List<String> macros, Struct struct) {
        boolean isOfWarps = x.shape().last() <= WARP * COLUMNS_OF_THREAD;
        return launches.of(
                KernelSources.LAYER_NORM,
                macros,
                isOfWarps ? name + "_of_warps" : name,
                Grid.blocks(isOfWarps ? Math.ceilDiv(rows(x), THREADS / WARP) : rows(x), THREADS),
                struct);
    }

    private Launch rows(String name, Tensor x, Tensor gradient, Tensor y) {
        int columns = y.shape().last();
        return launch(
                name,
                macros(x, gradient, y),
                Grid.blocks(y.elementCount() / columns, THREADS),
                new Struct()
                        .addresses(launches.at(x), launches.at(gradient), launches.at(y))
                        .ints(columns));
    }

    private Launch normalize(Groups groups, Normalized op, List<Tensor> results) {
        boolean hasVariances = results.size() > 3;
        Struct struct = new Struct()
                .addresses(launches.at(op.x), launches.at(op.gamma), launches.at(op.beta))
                .addresses(addresses(results));
        if (!hasVariances) {
            struct.addresses(NONE);
        }
        groups.addTo(struct);
        return launch(
                "normalize",
                macros(op.x, op.x, results.getFirst()),
                Grid.blocks(groups.count, THREADS),
                struct.floats(op.epsilon).ints(hasVariances ? 1 : 0));
    }

    private Launch gradient(Groups groups, Statistics op, List<Tensor> results) {
        Struct struct = new Struct()
                .addresses(launches.at(op.gradient), launches.at(op.x), launches.at(op.gamma))
                .addresses(launches.at(op.mean), launches.at(op.inverseDeviation))
                .addresses(addresses(results));
        groups.addTo(struct);
        return launch(
                "normalize_gradient",
                macros(op.x, op.gradient, results.getFirst()),
                Grid.blocks(groups.count, THREADS),
                struct);
    }

    /** dgamma and dbeta of rows: of parts of them, then of these. */
    private Launch weights(Statistics op, Tensor dgamma, Tensor dbeta) {
        int columns = op.x.shape().last();
        int rows = rows(op.x);
        int parts = Math.clamp(Math.ceilDiv(rows, ROWS_OF_PART), 1, ROWS_OF_PART);
        long bytes = (long) parts * columns * Float.BYTES;
        Place gammas = new Place(ElementType.F32, launches.scratch(bytes));
        Place betas = new Place(ElementType.F32, launches.scratch(bytes));
        Launch ofParts = launch(
                "norm_weight_gradient",
                macros(op.x, op.gradient, dgamma),
                new Grid(Math.ceilDiv(columns, COLUMNS), parts, 1, THREADS),
                new Struct()
                        .addresses(launches.at(op.gradient), launches.at(op.x))
                        .addresses(launches.at(op.mean), launches.at(op.inverseDeviation))
                        .addresses(gammas.address(), betas.address())
                        .ints(rows, columns, Math.ceilDiv(rows, parts)));
        return Launches.all(
                ofParts, matrices.columnSum(gammas, parts, dgamma), matrices.columnSum(betas, parts, dbeta));
    }

    private long[] addresses(List<Tensor> tensors) {
        return tensors.stream().mapToLong(launches::at).toArray();
    }

    private static List<String> macros(Tensor x, Tensor gradient, Tensor y) {
        return List.of(Launches.macro("X", x), Launches.macro("G", gradient), Launches.macro("Y", y));
    }

    private Launch launch(String name, List<String> macros, Grid grid, Struct struct) {
        return launches.of(KernelSources.NORMALIZATION, macros, name, grid, struct);
    }
}
