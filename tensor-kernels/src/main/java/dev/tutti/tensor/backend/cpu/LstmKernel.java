package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.Arrays;
import java.util.List;

/** Long short-term memory: for each time what comes in, a product over all samples, then the cells. */
final class LstmKernel implements Kernel {
    static final int INPUT = 0;
    static final int FORGET = 1;
    static final int CANDIDATE = 2;
    static final int OUTPUT = 3;

    private final SampleBlocks blocks;
    private final SampleBlocks.Range[] ranges;
    private final LstmInput input;
    private final TimeRows states;
    private final TimeRows gates;
    private final SampleBlocks.Rows savedCells;
    private final Kernel loadWeight;
    /** Adds h[t − 1] · weightᵀ to what comes in: (samples, hidden) × (hidden, 4 · hidden). */
    private final RepeatedProduct recurrence;

    /** Of one time: few enough to stay in the second-level cache from the products to the cells. */
    private final SampleBlocks.Rows sums;

    private final float[][] gate;
    /** c[t − 1], by block; c[t] after t. */
    private final float[][] cells;

    private final float[] other;

    LstmKernel(ProgramMemory memory, MatrixKernels matrices, Scratch scratch, SequenceOp op, List<Tensor> results) {
        this.blocks = SampleBlocks.of(results.getFirst().shape());
        this.ranges = blocks.ranges().toArray(SampleBlocks.Range[]::new);
        int hidden = blocks.hidden();
        int width = SequenceOp.Lstm.GATES * hidden;
        scratch.forNextKernel();
        Tensor h = results.getFirst();
        this.states = TimeRows.written(blocks, h, memory.of(h), matrices, TimeRows.beside(blocks, h, scratch));
        this.savedCells = blocks.sequence(memory.of(results.get(2)), hidden);
        this.sums = blocks.sequence(scratch.take(ElementType.F32, (long) blocks.samples() * width), width);
        this.gates = TimeRows.written(blocks, results.get(1), memory.of(results.get(1)), matrices, sums.memory());
        Tensor recurrent;
        switch (op) {
            case SequenceOp.Lstm(var projected, var weight) -> {
                this.input = LstmInput.of(memory.of(projected), sums.memory());
                recurrent = weight;
            }
            case SequenceOp.DenseLstm dense -> {
                this.input = LstmInput.of(memory, matrices, scratch, dense, sums.matrix());
                recurrent = dense.weight();
            }
            default -> throw new IllegalArgumentException("expected an LSTM, got " + op);
        }
        MatrixKernels.Converted weight = matrices.readable(memory.of(recurrent), recurrent.type(), scratch);
        this.loadWeight = weight.load();
        this.recurrence = matrices.repeatedProduct(
                states.matrix(),
                Strided.matrix(weight.memory(), weight.type(), width, hidden).transposed(),
                sums.matrix(),
                new Addend.Result(),
                scratch);
        this.gate = new float[][] {blocks.newUnits(), blocks.newUnits(), blocks.newUnits(), blocks.newUnits()};
        this.cells = blocks.newUnitsOfAll();
        this.other = blocks.newUnits();
    }

    @Override
    public void run() {
        input.load().run();
        loadWeight.run();
        recurrence.pack().run();
        for (float[] units : cells) {
            Arrays.fill(units, 0);
        }
        for (int t = 0; t < blocks.time(); t++) {
            input.write().run(t);
            if (t > 0) {
                recurrence.product().run(states.matrixOffset(t - 1), 0, 0);
            }
            for (int block = 0; block < ranges.length; block++) {
                runCells(t, block);
            }
            states.convert(t);
            gates.convert(t);
        }
    }

    private void runCells(int t, int block) {
        SampleBlocks.Range range = ranges[block];
        float[] cell = cells[block];
        int count = blocks.units(range);
        for (int g = 0; g < SequenceOp.Lstm.GATES; g++) {
            sums.load(gate[g], range, 0, g);
        }
        VectorMath.sigmoid(gate[INPUT], count);
        VectorMath.sigmoid(gate[FORGET], count);
        VectorMath.tanh(gate[CANDIDATE], count);
        VectorMath.sigmoid(gate[OUTPUT], count);
        advance(gate[INPUT], gate[FORGET], gate[CANDIDATE], cell, other, count);
        savedCells.store(cell, range, t, 0);
        VectorMath.tanh(other, count);
        VectorMath.multiply(other, gate[OUTPUT], other, count);
        states.store(other, range, t, 0);
        for (int g = 0; g < SequenceOp.Lstm.GATES; g++) {
            gates.store(gate[g], range, t, g);
        }
    }

    /** cell = forget · cell + input · candidate, and a copy of it. */
    private static void advance(
            float[] input, float[] forget, float[] candidate, float[] cell, float[] copy, int count) {
        for (int i = 0; i < count; i++) {
            float c = Math.fma(forget[i], cell[i], input[i] * candidate[i]);
            cell[i] = c;
            copy[i] = c;
        }
    }
}
