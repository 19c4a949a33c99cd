package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.stream.IntStream;

record SequenceLoops(TensorValues tensors) {
    Kernel embedding(SequenceOp.Embedding op, Tensor result) {
        Values table = tensors.of(op.table());
        Values ids = tensors.of(op.ids());
        Values y = tensors.of(result);
        int width = op.table().shape().size(1);
        int vocabulary = op.table().shape().size(0);
        return () -> {
            for (long i = 0; i < ids.count(); i++) {
                int id = id(ids, i, vocabulary);
                for (int c = 0; c < width; c++) {
                    y.set(i * width + c, table.get((long) id * width + c));
                }
            }
        };
    }

    Kernel embeddingGradient(SequenceOp.EmbeddingGradient op, Tensor result) {
        Values gradient = tensors.of(op.gradient());
        Values ids = tensors.of(op.ids());
        Values y = tensors.of(result);
        int width = result.shape().size(1);
        return () -> {
            double[] sums = new double[Math.toIntExact(y.count())];
            for (long i = 0; i < ids.count(); i++) {
                int id = id(ids, i, op.vocabulary());
                for (int c = 0; c < width; c++) {
                    sums[id * width + c] += gradient.get(i * width + c);
                }
            }
            for (int i = 0; i < sums.length; i++) {
                y.set(i, sums[i]);
            }
        };
    }

    private static int id(Values ids, long index, int vocabulary) {
        int id = (int) ids.get(index);
        if (id < 0 || id >= vocabulary) {
            throw new IllegalArgumentException(
                    "the id at " + index + " is " + id + ", expected 0 to " + (vocabulary - 1));
        }
        return id;
    }

    Kernel addPositions(SequenceOp.AddPositions op, Tensor result) {
        Values x = tensors.of(op.x());
        Values y = tensors.of(result);
        int time = result.shape().size(1);
        int width = result.shape().size(2);
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, x.get(i) + position((int) (i / width % time), (int) (i % width), width));
            }
        };
    }

    /** The encoding of a position: sines in even columns, cosines in odd ones. */
    private static double position(int time, int column, int width) {
        double angle = time / StrictMath.pow(10_000, (double) (column / 2 * 2) / width);
        return column % 2 == 0 ? StrictMath.sin(angle) : StrictMath.cos(angle);
    }

    Kernel paddingMask(SequenceOp.PaddingMask op, Tensor result) {
        Values ids = tensors.of(op.ids());
        Values y = tensors.of(result);
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, ids.get(i) == op.padding() ? 1 : 0);
            }
        };
    }

    Kernel timePool(SequenceOp.TimePool op, Tensor result) {
        Values x = tensors.of(op.x());
        Values y = tensors.of(result);
        Weights weights = new Weights(tensors.of(op.ignored()), op.x().shape().size(1), op.pooling());
        int width = result.shape().size(1);
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                double sum = 0;
                for (int t = 0; t < weights.time; t++) {
                    double weight = weights.of(i / width, t);
                    // What is ignored may be anything, also not a number.
                    sum += weight == 0 ? 0 : weight * x.get((i / width * weights.time + t) * width + i % width);
                }
                y.set(i, sum);
            }
        };
    }

    Kernel timePoolGradient(SequenceOp.TimePoolGradient op, Tensor result) {
        Values gradient = tensors.of(op.gradient());
        Values y = tensors.of(result);
        Weights weights = new Weights(tensors.of(op.ignored()), result.shape().size(1), op.pooling());
        int width = result.shape().size(2);
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                long sample = i / width / weights.time;
                double weight = weights.of(sample, (int) (i / width % weights.time));
                y.set(i, weight == 0 ? 0 : weight * gradient.get(sample * width + i % width));
            }
        };
    }

    /** How much a time counts for its sample. */
    private record Weights(Values ignored, int time, SequenceOp.Pooling pooling) {
        double of(long sample, int t) {
            if (isIgnored(sample, t)) {
                return 0;
            }
            return switch (pooling) {
                case MEAN -> 1.0 / kept(sample, 0);
                case LAST -> kept(sample, t + 1) == 0 ? 1 : 0;
            };
        }

        private long kept(long sample, int from) {
            return IntStream.range(from, time)
                    .filter(t -> !isIgnored(sample, t))
                    .count();
        }

        private boolean isIgnored(long sample, int t) {
            return ignored.get(sample * time + t) != 0;
        }
    }
}
