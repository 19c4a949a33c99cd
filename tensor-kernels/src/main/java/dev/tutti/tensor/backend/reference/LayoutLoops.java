package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;

record LayoutLoops(TensorValues tensors) {
    Kernel bind(LayoutOp op, Tensor result) {
        return switch (op) {
            case LayoutOp.Reshape(var x, var _) -> copy(tensors.of(x), tensors.of(result));
            case LayoutOp.Transpose(var x, var axes) -> transpose(x, axes, result);
            case LayoutOp.Concat(var parts, int axis) -> concat(parts, axis, result);
            case LayoutOp.Slice(var x, int axis, int begin, int _) -> moveAxis(x, axis, begin, result, 0);
            case LayoutOp.Pad(var x, int axis, int before, int _) -> {
                Values y = tensors.of(result);
                Kernel move = moveAxis(x, axis, 0, result, before);
                yield () -> {
                    for (long i = 0; i < y.count(); i++) {
                        y.set(i, 0);
                    }
                    move.run();
                };
            }
            case LayoutOp.Sum(var x, int axis, float factor) -> sum(x, axis, factor, result);
            case LayoutOp.Repeat(var x, int axis, int count, float factor) -> repeat(x, axis, count, factor, result);
        };
    }

    private static Kernel copy(Values x, Values y) {
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, x.get(i));
            }
        };
    }

    private Kernel transpose(Tensor from, List<Integer> axes, Tensor to) {
        Values x = tensors.of(from);
        Values y = tensors.of(to);
        int rank = axes.size();
        long[] strides = new long[rank];
        for (int i = 0; i < rank; i++) {
            strides[i] = inner(from.shape(), axes.get(i));
        }
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                long rest = i;
                long source = 0;
                for (int dimension = rank - 1; dimension >= 0; dimension--) {
                    int size = to.shape().size(dimension);
                    source += rest % size * strides[dimension];
                    rest /= size;
                }
                y.set(i, x.get(source));
            }
        };
    }

    private Kernel concat(List<Tensor> parts, int axis, Tensor result) {
        Kernel[] moves = new Kernel[parts.size()];
        int begin = 0;
        for (int i = 0; i < moves.length; i++) {
            moves[i] = moveAxis(parts.get(i), axis, 0, result, begin);
            begin += parts.get(i).shape().size(axis);
        }
        return () -> {
            for (Kernel move : moves) {
                move.run();
            }
        };
    }

    /** Copies as many indices of the axis as both have, from one's on to the other's. */
    private Kernel moveAxis(Tensor from, int axis, int fromBegin, Tensor to, int toBegin) {
        Values x = tensors.of(from);
        Values y = tensors.of(to);
        int fromSize = from.shape().size(axis);
        int toSize = to.shape().size(axis);
        int count = Math.min(fromSize - fromBegin, toSize - toBegin);
        long inner = inner(from.shape(), axis);
        long outer = from.elementCount() / (inner * fromSize);
        return () -> {
            for (long o = 0; o < outer; o++) {
                for (long i = 0; i < count * inner; i++) {
                    y.set((o * toSize + toBegin) * inner + i, x.get((o * fromSize + fromBegin) * inner + i));
                }
            }
        };
    }

    private Kernel sum(Tensor from, int axis, float factor, Tensor to) {
        Values x = tensors.of(from);
        Values y = tensors.of(to);
        int size = from.shape().size(axis);
        long inner = inner(from.shape(), axis);
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                double sum = 0;
                for (int a = 0; a < size; a++) {
                    sum += x.get((i / inner * size + a) * inner + i % inner);
                }
                y.set(i, factor * sum);
            }
        };
    }

    private Kernel repeat(Tensor from, int axis, int count, float factor, Tensor to) {
        Values x = tensors.of(from);
        Values y = tensors.of(to);
        long inner = inner(to.shape(), axis);
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, factor * x.get(i / (inner * count) * inner + i % inner));
            }
        };
    }

    /** Elements of one index of the axis. */
    private static long inner(Shape shape, int axis) {
        long inner = 1;
        for (int dimension = axis + 1; dimension < shape.rank(); dimension++) {
            inner *= shape.size(dimension);
        }
        return inner;
    }
}
