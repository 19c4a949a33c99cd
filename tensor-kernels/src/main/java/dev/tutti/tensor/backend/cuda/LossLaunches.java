package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * {@code loss.cu}.
 *
 * @param logarithms of logits that have a cross entropy: where the logarithms of their sums of exponentials lie, which its gradient takes
 */
record LossLaunches(Launches launches, Map<Tensor, Long> logarithms) {
    private static final int ROW_THREADS = 256;
    private static final int WARP = 32;
    /** Of a row that a warp has; a longer one has a block. */
    private static final int COLUMNS_OF_WARP = 1024;

    private static final int SUM_THREADS = 1024;
    private static final long NONE = 0;

    LossLaunches(Launches launches) {
        this(launches, new HashMap<>());
    }

    Launch bind(LossOp op, Tensor y) {
        return switch (op) {
            case LossOp.CrossEntropy(var logits, var labels, float smoothing, var ignored) -> {
                long rows = labels.elementCount();
                long losses = launches.scratch(rows * Float.BYTES);
                yield Launches.all(
                        rowLosses(new Classes(logits, labels, smoothing, ignored), losses), sum(losses, rows, 1, y));
            }
            case LossOp.CrossEntropyGradient(var gradient, var logits, var labels, float smoothing, var ignored) -> {
                Classes classes = new Classes(logits, labels, smoothing, ignored);
                long scale = launches.at(gradient);
                if (logarithms.containsKey(logits)) {
                    yield gradient(classes, scale, y);
                }
                Launch first = rowLosses(classes, launches.scratch(labels.elementCount() * Float.BYTES));
                yield Launches.all(first, gradient(classes, scale, y));
            }
            case LossOp.SquaredError(var predictions, var targets) -> errors("squared_error", predictions, targets, y);
            case LossOp.SquaredErrorGradient(var gradient, var predictions, var targets) ->
                errorGradient("squared_error_gradient", gradient, predictions, targets, y);
            case LossOp.BinaryCrossEntropy(var logits, var targets) ->
                errors("binary_cross_entropy", logits, targets, y);
            case LossOp.BinaryCrossEntropyGradient(var gradient, var logits, var targets) ->
                errorGradient("binary_cross_entropy_gradient", gradient, logits, targets, y);
        };
    }

    private record Classes(Tensor logits, Tensor labels, float smoothing, OptionalInt ignored) {
        boolean isOfWarps() {
            return logits.shape().last() <= COLUMNS_OF_WARP;
        }
    }

    private Launch rowLosses(Classes classes, long losses) {
        long sums = launches.memory().allocate(classes.labels.elementCount() * Float.BYTES);
        logarithms.put(classes.logits, sums);
        return classes("cross_entropy", classes, "f32", NONE, NONE, losses, sums);
    }

    private Launch gradient(Classes classes, long gradient, Tensor y) {
        long sums = Objects.requireNonNull(logarithms.get(classes.logits));
        return classes("cross_entropy_gradient", classes, y.type().toString(), gradient, launches.at(y), NONE, sums);
    }

    /** @param addresses gradient, y, losses, logarithms */
    private Launch classes(String name, Classes classes, String type, long... addresses) {
        int rows = Math.toIntExact(classes.labels.elementCount());
        boolean isOfWarps = classes.isOfWarps();
        return launches.of(
                KernelSources.LOSS,
                List.of(Launches.macro("X", classes.logits), "Y=" + type),
                isOfWarps ? name + "_of_warps" : name,
                Grid.blocks(isOfWarps ? Math.ceilDiv(rows, ROW_THREADS / WARP) : rows, ROW_THREADS),
                new Struct()
                        .addresses(launches.at(classes.logits), launches.at(classes.labels))
                        .addresses(addresses)
                        .longs(rows)
                        .ints(
                                classes.logits.shape().last(),
                                classes.ignored.orElse(0),
                                classes.ignored.isPresent() ? 1 : 0)
                        .floats(classes.smoothing));
    }

    private Launch errors(String name, Tensor predictions, Tensor targets, Tensor y) {
        Grid grid = Grid.forEach(predictions.elementCount());
        long parts = launches.scratch((long) grid.x() * Float.BYTES);
        return Launches.all(
                launches.of(
                        KernelSources.LOSS,
                        List.of(Launches.macro("X", predictions), "Y=f32"),
                        name,
                        grid,
                        errors(predictions, targets, NONE, NONE, parts)),
                sum(parts, grid.x(), predictions.shape().last(), y));
    }

    private Launch errorGradient(String name, Tensor gradient, Tensor predictions, Tensor targets, Tensor y) {
        return launches.of(
                KernelSources.LOSS,
                List.of(Launches.macro("X", predictions), Launches.macro("Y", y)),
                name,
                Grid.forEach(y.elementCount()),
                errors(predictions, targets, launches.at(gradient), launches.at(y), NONE));
    }

    private Struct errors(Tensor predictions, Tensor targets, long gradient, long y, long losses) {
        return new Struct()
                .addresses(launches.at(predictions), launches.at(targets), gradient, y, losses)
                .longs(predictions.elementCount())
                .floats(predictions.shape().last());
    }

    private Launch sum(long parts, long count, float divisor, Tensor y) {
        return launches.of(
                KernelSources.LOSS,
                List.of("X=f32", "Y=f32"),
                "sum_parts",
                Grid.blocks(1, SUM_THREADS),
                new Struct().addresses(parts, launches.at(y)).longs(count).floats(divisor));
    }
}
