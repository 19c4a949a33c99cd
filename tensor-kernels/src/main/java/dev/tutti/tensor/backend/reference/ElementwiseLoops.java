package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.random.DropoutKey;
import java.util.function.LongToDoubleFunction;

record ElementwiseLoops(TensorValues tensors) {
    Kernel bind(ElementwiseOp op, Tensor result) {
        Values y = tensors.of(result);
        return switch (op) {
            case ElementwiseOp.Add(var left, var right) -> {
                Values a = tensors.of(left);
                Values b = tensors.of(right);
                yield each(y, i -> a.get(i) + b.get(i));
            }
            case ElementwiseOp.Scale(var x, var scalar, float factor) -> {
                Values values = tensors.of(x);
                Values number = tensors.of(scalar);
                yield each(y, i -> factor * number.get(0) * values.get(i));
            }
            case ElementwiseOp.Activate(var x, var activation) -> {
                Values values = tensors.of(x);
                yield each(y, i -> Functions.apply(activation, values.get(i)));
            }
            case ElementwiseOp.ActivateGradient(var gradient, var saved, var activation) ->
                gradient(tensors.of(gradient), tensors.of(saved), activation, y);
            case ElementwiseOp.Dropout(var x, var key, float rate, long layer) -> {
                long rowElements = x.elementCount() / x.shape().size(0);
                yield dropout(tensors.of(x), tensors.of(key), rate, layer, rowElements, y);
            }
            case ElementwiseOp.Cast(var x, var _) -> {
                Values values = tensors.of(x);
                yield each(y, values::get);
            }
        };
    }

    private static Kernel each(Values y, LongToDoubleFunction element) {
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, element.applyAsDouble(i));
            }
        };
    }

    private static Kernel gradient(Values gradient, Values saved, Activation activation, Values y) {
        return activation == Activation.RELU
                ? each(y, i -> saved.get(i) > 0 ? gradient.get(i) : 0)
                : each(y, i -> gradient.get(i) * Functions.derivative(activation, saved.get(i)));
    }

    private static Kernel dropout(Values x, Values key, float rate, long layer, long rowElements, Values y) {
        double scale = 1 / (1 - (double) rate);
        return () -> {
            DropoutKey drawn = new DropoutKey(index -> (int) key.get(index), layer);
            for (long i = 0; i < y.count(); i++) {
                y.set(i, drawn.uniform(i, rowElements) >= rate ? scale * x.get(i) : 0);
            }
        };
    }
}
