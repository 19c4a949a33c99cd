package dev.tutti.tensor.backend.cpu;

import static dev.tutti.tensor.backend.cpu.LstmKernel.CANDIDATE;
import static dev.tutti.tensor.backend.cpu.LstmKernel.FORGET;
import static dev.tutti.tensor.backend.cpu.LstmKernel.INPUT;
import static dev.tutti.tensor.backend.cpu.LstmKernel.OUTPUT;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Back through time: from the gradients of the gates at one time a product gives the state's before. */
final class LstmGradientKernel implements Kernel {
    private final SampleBlocks blocks;
    private final SampleBlocks.Range[] ranges;
    private final SampleBlocks.Rows gradient;
    private final TimeRows gates;
    private final SampleBlocks.Rows savedCells;
    private final TimeRows result;
    private final Kernel loadWeight;
    /** dgates[t + 1] · weight: (samples, 4 · hidden) × (4 · hidden, hidden). */
    private final RepeatedProduct recurrence;

    private final MemorySegment stateGradient;
    private final float[][] gate;
    private final float[] dh;
    private final float[] other;
    /** c[t], by block; c[t − 1] after t. */
    private final float[][] cells;

    /** What c[t] receives from the time that comes next, by block; what c[t − 1] receives from t after it. */
    private final float[][] cellGradients;

    LstmGradientKernel(
            ProgramMemory memory,
            MatrixKernels matrices,
            Scratch scratch,
            SequenceOp.LstmGradient op,
            Tensor gradientOfProjected) {
        this.blocks = SampleBlocks.of(op.cells().shape());
        this.ranges = blocks.ranges().toArray(SampleBlocks.Range[]::new);
        int hidden = blocks.hidden();
        this.gradient = blocks.sequence(memory.of(op.gradient()), hidden);
        this.savedCells = blocks.sequence(memory.of(op.cells()), hidden);
        scratch.forNextKernel();
        MemorySegment beside = TimeRows.beside(blocks, op.gates(), scratch);
        this.gates = TimeRows.read(blocks, op.gates(), memory.of(op.gates()), matrices, beside);
        this.result = TimeRows.written(blocks, gradientOfProjected, memory.of(gradientOfProjected), matrices, beside);
        MatrixKernels.Converted weight =
                matrices.readable(memory.of(op.weight()), op.weight().type(), scratch);
        this.loadWeight = weight.load();
        this.stateGradient = scratch.take(ElementType.F32, (long) blocks.samples() * hidden);
        this.recurrence = matrices.repeatedProduct(
                result.matrix(),
                Strided.matrix(weight.memory(), weight.type(), (long) SequenceOp.Lstm.GATES * hidden, hidden),
                Strided.matrix(stateGradient, ElementType.F32, blocks.samples(), hidden),
                new Addend.None(),
                scratch);
        this.gate = new float[][] {blocks.newUnits(), blocks.newUnits(), blocks.newUnits(), blocks.newUnits()};
        this.dh = blocks.newUnits();
        this.other = blocks.newUnits();
        this.cells = blocks.newUnitsOfAll();
        this.cellGradients = blocks.newUnitsOfAll();
    }

    @Override
    public void run() {
        loadWeight.run();
        recurrence.pack().run();
        int last = blocks.time() - 1;
        for (int block = 0; block < ranges.length; block++) {
            savedCells.load(cells[block], ranges[block], last, 0);
            Arrays.fill(cellGradients[block], 0);
        }
        for (int t = last; t >= 0; t--) {
            if (t < last) {
                recurrence.product().run(result.matrixOffset(t + 1), 0, 0);
            }
            gates.convert(t);
            for (int block = 0; block < ranges.length; block++) {
                runCells(t, t == last, block);
            }
            result.convert(t);
        }
    }

    /** The gates are read before anything is written: the result may lie in their place. */
    private void runCells(int t, boolean last, int block) {
        SampleBlocks.Range range = ranges[block];
        float[] cell = cells[block];
        float[] dc = cellGradients[block];
        int count = blocks.units(range);
        gradient.load(dh, range, t, 0);
        if (!last) {
            blocks.load(stateGradient, other, range);
            VectorMath.add(dh, other, count);
        }
        for (int g = 0; g < SequenceOp.Lstm.GATES; g++) {
            gates.load(gate[g], range, t, g);
        }
        VectorMath.tanh(cell, count);
        addStateGradient(dc, dh, gate[OUTPUT], cell, count);
        throughSigmoid(dh, cell, gate[OUTPUT], dh, count);
        result.store(dh, range, t, OUTPUT);
        if (t > 0) {
            savedCells.load(cell, range, t - 1, 0);
        } else {
            Arrays.fill(cell, 0);
        }
        throughSigmoid(dc, cell, gate[FORGET], other, count);
        result.store(other, range, t, FORGET);
        throughSigmoid(dc, gate[CANDIDATE], gate[INPUT], other, count);
        result.store(other, range, t, INPUT);
        throughTanh(dc, gate[INPUT], gate[CANDIDATE], other, count);
        result.store(other, range, t, CANDIDATE);
        VectorMath.multiply(dc, gate[FORGET], dc, count);
    }

    /** dc += dh · output · (1 − tanh²). */
    private static void addStateGradient(float[] dc, float[] dh, float[] output, float[] tanh, int count) {
        for (int i = 0; i < count; i++) {
            float y = tanh[i];
            dc[i] = Math.fma(dh[i] * output[i], 1 - y * y, dc[i]);
        }
    }

    /** y = gradient · factor · s · (1 − s), s = σ of what y is the gradient of. */
    private static void throughSigmoid(float[] gradient, float[] factor, float[] s, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = gradient[i] * factor[i] * s[i] * (1 - s[i]);
        }
    }

    /** y = gradient · factor · (1 − t²), t = tanh of what y is the gradient of. */
    private static void throughTanh(float[] gradient, float[] factor, float[] t, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = gradient[i] * factor[i] * (1 - t[i] * t[i]);
        }
    }
}
