package dev.tutti.nd4j;

import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Losses, from the formulas in {@link LossOp}. */
record LossKernels(Arrays arrays) {
    Supplier<INDArray> bind(LossOp op) {
        return switch (op) {
            case LossOp.CrossEntropy(var logits, var labels, float smoothing, var ignored) ->
                () -> crossEntropy(new Targets(logits, labels, smoothing, ignored));
            case LossOp.CrossEntropyGradient(var gradient, var logits, var labels, float smoothing, var ignored) ->
                () -> crossEntropyGradient(gradient, new Targets(logits, labels, smoothing, ignored));
            case LossOp.SquaredError(var predictions, var targets) ->
                () -> {
                    INDArray error = get(predictions).sub(get(targets));
                    return ArrayKernels.scalar(error.mul(error).sumNumber().doubleValue() / columns(predictions));
                };
            case LossOp.SquaredErrorGradient(var gradient, var predictions, var targets) ->
                () -> get(predictions).sub(get(targets)).mul(2 * number(gradient) / columns(predictions));
            case LossOp.BinaryCrossEntropy(var logits, var targets) ->
                () -> {
                    INDArray x = get(logits);
                    INDArray softplus = Transforms.max(x, 0, true)
                            .add(Transforms.log(
                                    Transforms.exp(Transforms.abs(x, true).neg(), true)
                                            .add(1),
                                    true));
                    return ArrayKernels.scalar(
                            softplus.sub(get(targets).mul(x)).sumNumber().doubleValue() / columns(logits));
                };
            case LossOp.BinaryCrossEntropyGradient(var gradient, var logits, var targets) ->
                () -> Transforms.sigmoid(get(logits), true).sub(get(targets)).mul(number(gradient) / columns(logits));
        };
    }

    private record Targets(Tensor logits, Tensor labels, float smoothing, OptionalInt ignored) {}

    private INDArray crossEntropy(Targets targets) {
        INDArray x = get(targets.logits);
        INDArray max = x.max(true, 1);
        INDArray exponentials = Transforms.exp(x.sub(max.broadcast(x.shape())), true);
        INDArray logSumExp = Transforms.log(exponentials.sum(true, 1), true).add(max);
        INDArray perElement = logSumExp.broadcast(x.shape()).sub(x).mul(target(targets));
        return ArrayKernels.scalar(perElement.sumNumber().doubleValue());
    }

    private INDArray crossEntropyGradient(Tensor gradient, Targets targets) {
        INDArray x = get(targets.logits);
        INDArray exponentials = Transforms.exp(x.sub(x.max(true, 1).broadcast(x.shape())), true);
        INDArray sums = exponentials.sum(true, 1).broadcast(x.shape());
        INDArray target = target(targets);
        INDArray counted = target.sum(true, 1).gt(0).castTo(x.dataType()).broadcast(x.shape());
        return exponentials.div(sums).mul(counted).sub(target).mul(number(gradient));
    }

    /** Rows sum to 1; those of ignored rows are 0. */
    private INDArray target(Targets targets) {
        long[] shape = Arrays.shape(targets.logits);
        int[] labels = get(targets.labels).data().asInt();
        int columns = (int) shape[1];
        float[] elements = new float[labels.length * columns];
        for (int row = 0; row < labels.length; row++) {
            if (targets.ignored.isPresent() && labels[row] == targets.ignored.getAsInt()) {
                continue;
            }
            if (labels[row] < 0 || labels[row] >= columns) {
                throw new IllegalArgumentException(
                        "the label of row " + row + " is " + labels[row] + ", expected 0 to " + (columns - 1));
            }
            for (int c = 0; c < columns; c++) {
                elements[row * columns + c] =
                        (c == labels[row] ? 1 - targets.smoothing : 0) + targets.smoothing / columns;
            }
        }
        return Nd4j.createFromArray(elements).reshape('c', shape);
    }

    private INDArray get(Tensor tensor) {
        return arrays.get(tensor);
    }

    private float number(Tensor scalar) {
        return get(scalar).getFloat(0);
    }

    private static int columns(Tensor matrix) {
        return matrix.shape().size(1);
    }
}
