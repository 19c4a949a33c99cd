package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.OptionalInt;

/** {@code loss.cu}. */
record LossLaunches(Launches launches) {
    private static final int ROW_THREADS = 128;
    private static final int SUM_THREADS = 1024;
    private static final long NONE = 0;

    Launch bind(LossOp op, Tensor y) {
        return switch (op) {
            case LossOp.CrossEntropy(var logits, var labels, float smoothing, var ignored) -> {
                long rows = labels.elementCount();
                long losses = launches.memory().allocate(rows * Float.BYTES);
                yield Launches.all(
                        classes("cross_entropy", logits, labels, NONE, NONE, losses, smoothing, ignored, "f32"),
                        sum(losses, rows, 1, y));
            }
            case LossOp.CrossEntropyGradient(var gradient, var logits, var labels, float smoothing, var ignored) ->
                classes(
                        "cross_entropy_gradient",
                        logits,
                        labels,
                        launches.at(gradient),
                        launches.at(y),
                        NONE,
                        smoothing,
                        ignored,
                        y.type().toString());
            case LossOp.SquaredError(var predictions, var targets) -> errors("squared_error", predictions, targets, y);
            case LossOp.SquaredErrorGradient(var gradient, var predictions, var targets) ->
                errorGradient("squared_error_gradient", gradient, predictions, targets, y);
            case LossOp.BinaryCrossEntropy(var logits, var targets) ->
                errors("binary_cross_entropy", logits, targets, y);
            case LossOp.BinaryCrossEntropyGradient(var gradient, var logits, var targets) ->
                errorGradient("binary_cross_entropy_gradient", gradient, logits, targets, y);
        };
    }

    private Launch classes(
            String name,
            Tensor logits,
            Tensor labels,
            long gradient,
            long y,
            long losses,
            float smoothing,
            OptionalInt ignored,
            String type) {
        int columns = logits.shape().last();
        return launches.of(
                KernelSources.LOSS,
                List.of(Launches.macro("X", logits), "Y=" + type),
                name,
                Grid.blocks(Math.toIntExact(labels.elementCount()), ROW_THREADS),
                new Struct()
                        .addresses(launches.at(logits), launches.at(labels), gradient, y, losses)
                        .longs(labels.elementCount())
                        .ints(columns, ignored.orElse(0), ignored.isPresent() ? 1 : 0)
                        .floats(smoothing));
    }

    private Launch errors(String name, Tensor predictions, Tensor targets, Tensor y) {
        Grid grid = Grid.forEach(predictions.elementCount());
        long parts = launches.memory().allocate((long) grid.x() * Float.BYTES);
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
