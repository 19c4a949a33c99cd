package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;

/** Long short-term memory. Rows are those of one time, then those of the next. */
record RecurrenceLoops(TensorValues tensors) {
    Kernel delay(SequenceOp.Delay op, Tensor result) {
        Values x = tensors.of(op.x());
        Values y = tensors.of(result);
        int rows = result.shape().size(1) * result.shape().size(2);
        return () -> {
            for (long i = 0; i < y.count(); i++) {
                y.set(i, i < rows ? 0 : x.get(i - rows));
            }
        };
    }

    Kernel lstm(SequenceOp.Lstm op, List<Tensor> results) {
        Values projected = tensors.of(op.projected());
        int gates = op.projected().shape().size(2);
        return lstm((row, gate) -> projected.get((long) row * gates + gate), tensors.of(op.weight()), results);
    }

    Kernel denseLstm(SequenceOp.DenseLstm op, List<Tensor> results) {
        int inputs = op.x().shape().size(2);
        Matrix x =
                Matrix.of(tensors.of(op.x()), Shape.of(Math.toIntExact(op.x().elementCount() / inputs), inputs), false);
        Matrix inputWeight = tensors.matrix(op.inputWeight(), true);
        Values bias = tensors.of(op.bias());
        return lstm(
                (row, gate) -> x.rowTimesColumn(row, inputWeight, gate) + bias.get(gate),
                tensors.of(op.weight()),
                results);
    }

    /** What comes in, before what the time before adds. */
    @FunctionalInterface
    private interface Projected {
        double get(int row, int gate);
    }

    private Kernel lstm(Projected projected, Values weight, List<Tensor> results) {
        Values states = tensors.of(results.get(0));
        Values gates = tensors.of(results.get(1));
        Values cells = tensors.of(results.get(2));
        Shape shape = results.getFirst().shape();
        int samples = shape.size(1);
        int hidden = shape.size(2);
        return () -> {
            double[] ofRow = new double[SequenceOp.Lstm.GATES * hidden];
            for (int row = 0; row < shape.size(0) * samples; row++) {
                boolean first = row < samples;
                for (int gate = 0; gate < SequenceOp.Lstm.GATES * hidden; gate++) {
                    double sum = projected.get(row, gate);
                    for (int k = 0; k < hidden && !first; k++) {
                        sum += states.get((long) (row - samples) * hidden + k) * weight.get((long) gate * hidden + k);
                    }
                    ofRow[gate] = gate / hidden == 2 ? StrictMath.tanh(sum) : Functions.sigmoid(sum);
                    gates.set((long) row * ofRow.length + gate, ofRow[gate]);
                }
                for (int k = 0; k < hidden; k++) {
                    Cell cell = new Cell(ofRow[k], ofRow[hidden + k], ofRow[2 * hidden + k], ofRow[3 * hidden + k]);
                    long index = (long) row * hidden + k;
                    double previous = first ? 0 : cells.get(index - (long) samples * hidden);
                    double c = cell.forget() * previous + cell.input() * cell.candidate();
                    cells.set(index, c);
                    states.set(index, cell.output() * StrictMath.tanh(c));
                }
            }
        };
    }

    Kernel gradient(SequenceOp.LstmGradient op, Tensor result) {
        Values gradient = tensors.of(op.gradient());
        Values weight = tensors.of(op.weight());
        Values gates = tensors.of(op.gates());
        Values cells = tensors.of(op.cells());
        Values y = tensors.of(result);
        int samples = op.cells().shape().size(1);
        int hidden = op.cells().shape().size(2);
        int rows = op.cells().shape().size(0) * samples;
        return () -> {
            double[] cellGradients = new double[samples * hidden];
            for (int row = rows - 1; row >= 0; row--) {
                boolean first = row < samples;
                boolean last = row >= rows - samples;
                int cellIndex = row % samples * hidden;
                for (int k = 0; k < hidden; k++) {
                    double dh = gradient.get((long) row * hidden + k);
                    for (int gate = 0; gate < SequenceOp.Lstm.GATES * hidden && !last; gate++) {
                        dh += y.get((long) (row + samples) * SequenceOp.Lstm.GATES * hidden + gate)
                                * weight.get((long) gate * hidden + k);
                    }
                    Cell cell = Cell.at(gates, row, hidden, k);
                    double tanh = StrictMath.tanh(cells.get((long) row * hidden + k));
                    double previous = first ? 0 : cells.get((long) (row - samples) * hidden + k);
                    double dc = (last ? 0 : cellGradients[cellIndex + k]) + dh * cell.output() * (1 - tanh * tanh);
                    cellGradients[cellIndex + k] = dc * cell.forget();
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
