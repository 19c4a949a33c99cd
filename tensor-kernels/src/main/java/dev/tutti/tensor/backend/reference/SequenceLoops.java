package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
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

    Kernel delay(SequenceOp.Delay op, Tensor result) {
        Values x = tensors.of(op.x());
        Values y = tensors.of(result);
        int time = result.shape().size(1);
        int width = result.shape().size(2);
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, i / width % time == 0 ? 0 : x.get(i - width));
            }
        };
    }

    Kernel lstm(SequenceOp.Lstm op, List<Tensor> results) {
        Values projected = tensors.of(op.projected());
        Values weight = tensors.of(op.weight());
        Values states = tensors.of(results.get(0));
        Values gates = tensors.of(results.get(1));
        Values cells = tensors.of(results.get(2));
        Shape shape = results.getFirst().shape();
        int time = shape.size(1);
        int hidden = shape.size(2);
        return () -> {
            for (int row = 0; row < shape.size(0) * time; row++) {
                boolean first = row % time == 0;
                for (int gate = 0; gate < SequenceOp.Lstm.GATES * hidden; gate++) {
                    long index = (long) row * SequenceOp.Lstm.GATES * hidden + gate;
                    double sum = projected.get(index);
                    for (int k = 0; k < hidden && !first; k++) {
                        sum += states.get((long) (row - 1) * hidden + k) * weight.get((long) gate * hidden + k);
                    }
                    gates.set(index, gate / hidden == 2 ? StrictMath.tanh(sum) : Functions.sigmoid(sum));
                }
                for (int k = 0; k < hidden; k++) {
                    Cell cell = Cell.at(gates, row, hidden, k);
                    long index = (long) row * hidden + k;
                    double previous = first ? 0 : cells.get(index - hidden);
                    double c = cell.forget() * previous + cell.input() * cell.candidate();
                    cells.set(index, c);
                    states.set(index, cell.output() * StrictMath.tanh(c));
                }
            }
        };
    }

    Kernel lstmGradient(SequenceOp.LstmGradient op, Tensor result) {
        Values gradient = tensors.of(op.gradient());
        Values weight = tensors.of(op.weight());
        Values gates = tensors.of(op.gates());
        Values cells = tensors.of(op.cells());
        Values y = tensors.of(result);
        int time = op.cells().shape().size(1);
        int hidden = op.cells().shape().size(2);
        int rows = op.cells().shape().size(0) * time;
        return () -> {
            double[] cellGradients = new double[hidden];
            for (int row = rows - 1; row >= 0; row--) {
                boolean first = row % time == 0;
                boolean last = row % time == time - 1;
                for (int k = 0; k < hidden; k++) {
                    double dh = gradient.get((long) row * hidden + k);
                    for (int gate = 0; gate < SequenceOp.Lstm.GATES * hidden && !last; gate++) {
                        dh += y.get((long) (row + 1) * SequenceOp.Lstm.GATES * hidden + gate)
                                * weight.get((long) gate * hidden + k);
                    }
                    Cell cell = Cell.at(gates, row, hidden, k);
                    double tanh = StrictMath.tanh(cells.get((long) row * hidden + k));
                    double previous = first ? 0 : cells.get((long) (row - 1) * hidden + k);
                    double dc = (last ? 0 : cellGradients[k]) + dh * cell.output() * (1 - tanh * tanh);
                    cellGradients[k] = dc * cell.forget();
                    long index = (long) row * SequenceOp.Lstm.GATES * hidden + k;
                    y.set(index, dc * cell.candidate() * cell.input() * (1 - cell.input()));
                    y.set(index + hidden, dc * previous * cell.forget() * (1 - cell.forget()));
                    y.set(index + 2L * hidden, dc * cell.input() * (1 - cell.candidate() * cell.candidate()));
                    y.set(index + 3L * hidden, dh * tanh * cell.output() * (1 - cell.output()));
                }
            }
        };
    }

    /** The gates of a unit at a time of a sample, after σ and tanh. */
    private record Cell(double input, double forget, double candidate, double output) {
        static Cell at(Values gates, int row, int hidden, int k) {
            long index = (long) row * SequenceOp.Lstm.GATES * hidden + k;
            return new Cell(
                    gates.get(index),
                    gates.get(index + hidden),
                    gates.get(index + 2L * hidden),
                    gates.get(index + 3L * hidden));
        }
    }
}
