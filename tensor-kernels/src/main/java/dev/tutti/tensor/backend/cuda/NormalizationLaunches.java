package dev.tutti.tensor.backend.cuda;

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

    Launch bind(NormalizationOp op, List<Tensor> results) {
        Tensor y = results.getFirst();
        return switch (op) {
            case NormalizationOp.Softmax(var x) -> rows("softmax", x, x, y);
            case NormalizationOp.SoftmaxGradient(var gradient, var output) ->
                rows("softmax_gradient", output, gradient, y);
            case NormalizationOp.LayerNorm(var x, var gamma, var beta, float epsilon) ->
                isHeld(x)
                        ? layerNorm(
                                "layer_norm",
                                x,
                                x,
                                y,
                                new Struct()
                                        .addresses(launches.at(x), launches.at(gamma), launches.at(beta))
                                        .addresses(launches.at(y), launches.at(results.get(1)))
                                        .addresses(launches.at(results.get(2)))
                                        .ints(rows(x), x.shape().last())
                                        .floats(epsilon))
                        : normalize(Groups.rows(x.shape()), x, gamma, beta, epsilon, results);
            case NormalizationOp.BatchNorm(var x, var gamma, var beta, var _, var _, float epsilon, var layout) ->
                normalize(Groups.channels(x.shape(), layout), x, gamma, beta, epsilon, results);
            case NormalizationOp.LayerNormGradient(var gradient, var x, var gamma, var mean, var inverseDeviation) ->
                // dx may lie where the gradient does, so it comes last.
                Launches.all(
                        weights(gradient, x, mean, inverseDeviation, results.get(1), results.get(2)),
                        isHeld(x)
                                ? layerNorm(
                                        "layer_norm_gradient",
                                        x,
                                        gradient,
                                        y,
                                        new Struct()
                                                .addresses(launches.at(gradient), launches.at(x), launches.at(gamma))
                                                .addresses(launches.at(mean), launches.at(inverseDeviation))
                                                .addresses(launches.at(y))
                                                .ints(rows(x), x.shape().last()))
                                : gradient(
                                        Groups.rows(x.shape()), gradient, x, gamma, mean, inverseDeviation, results));
            case NormalizationOp.BatchNormGradient(
                    var gradient,
                    var x,
                    var gamma,
                    var mean,
                    var inverseDeviation,
                    var layout) ->
                gradient(Groups.channels(x.shape(), layout), gradient, x, gamma, mean, inverseDeviation, results);
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
                        "batch_norm_inference", x, x, y, Grid.blocks(groups.count, THREADS), struct.floats(epsilon));
            }
        };
    }

    private static int rows(Tensor x) {
        return Math.toIntExact(x.elementCount() / x.shape().last());
    }

    private static boolean isHeld(Tensor x) {
        return x.shape().last() <= THREADS * COLUMNS_OF_THREAD;
    }

    /** A warp has a row as far as it holds it, else a block does. */
    private Launch layerNorm(String name, Tensor x, Tensor gradient, Tensor y, Struct struct) {
        boolean isOfWarps = x.shape().last() <= WARP * COLUMNS_OF_THREAD;
        return launches.of(
                KernelSources.LAYER_NORM,
                List.of(Launches.macro("X", x), Launches.macro("G", gradient), Launches.macro("Y", y)),
                isOfWarps ? name + "_of_warps" : name,
                Grid.blocks(isOfWarps ? Math.ceilDiv(rows(x), THREADS / WARP) : rows(x), THREADS),
                struct);
    }

    private Launch rows(String name, Tensor x, Tensor gradient, Tensor y) {
        int columns = y.shape().last();
        return launch(
                name,
                x,
                gradient,
                y,
                Grid.blocks(y.elementCount() / columns, THREADS),
                new Struct()
                        .addresses(launches.at(x), launches.at(gradient), launches.at(y))
                        .ints(columns));
    }

    private Launch normalize(Groups groups, Tensor x, Tensor gamma, Tensor beta, float epsilon, List<Tensor> results) {
        boolean hasVariances = results.size() > 3;
        Struct struct = new Struct()
                .addresses(
                        launches.at(x),
                        launches.at(gamma),
                        launches.at(beta),
                        launches.at(results.get(0)),
                        launches.at(results.get(1)),
                        launches.at(results.get(2)),
                        hasVariances ? launches.at(results.get(3)) : 0);
        groups.addTo(struct);
        return launch(
                "normalize",
                x,
                x,
                results.getFirst(),
                Grid.blocks(groups.count, THREADS),
                struct.floats(epsilon).ints(hasVariances ? 1 : 0));
    }

    private Launch gradient(
            Groups groups,
            Tensor gradient,
            Tensor x,
            Tensor gamma,
            Tensor mean,
            Tensor inverseDeviation,
            List<Tensor> results) {
        Struct struct = new Struct()
                .addresses(
                        launches.at(gradient),
                        launches.at(x),
                        launches.at(gamma),
                        launches.at(mean),
                        launches.at(inverseDeviation),
                        launches.at(results.get(0)),
                        launches.at(results.get(1)),
                        launches.at(results.get(2)));
        groups.addTo(struct);
        return launch(
                "normalize_gradient", x, gradient, results.getFirst(), Grid.blocks(groups.count, THREADS), struct);
    }

    /** dgamma and dbeta of rows: of parts of them, then of these. */
    private Launch weights(
            Tensor gradient, Tensor x, Tensor mean, Tensor inverseDeviation, Tensor dgamma, Tensor dbeta) {
        int columns = x.shape().last();
        int rows = rows(x);
        int parts = Math.clamp(Math.ceilDiv(rows, ROWS_OF_PART), 1, ROWS_OF_PART);
        long bytes = (long) parts * columns * Float.BYTES;
        long gammas = launches.scratch(bytes);
        long betas = launches.scratch(bytes);
        Launch ofParts = launch(
                "norm_weight_gradient",
                x,
                gradient,
                dgamma,
                new Grid(Math.ceilDiv(columns, COLUMNS), parts, 1, THREADS),
                new Struct()
                        .addresses(
                                launches.at(gradient),
                                launches.at(x),
                                launches.at(mean),
                                launches.at(inverseDeviation),
                                gammas,
                                betas)
                        .ints(rows, columns, Math.ceilDiv(rows, parts)));
        return Launches.all(
                ofParts,
                matrices.columnSum(gammas, "X=f32", parts, launches.at(dgamma), dgamma),
                matrices.columnSum(betas, "X=f32", parts, launches.at(dbeta), dbeta));
    }

    private Launch launch(String name, Tensor x, Tensor gradient, Tensor y, Grid grid, Struct struct) {
        return launches.of(
                KernelSources.NORMALIZATION,
                List.of(Launches.macro("X", x), Launches.macro("G", gradient), Launches.macro("Y", y)),
                name,
                grid,
                struct);
    }
}
