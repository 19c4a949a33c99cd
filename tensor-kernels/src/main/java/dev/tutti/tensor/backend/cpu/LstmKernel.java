package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * Long short-term memory: for each time a product over all samples, then the cells. Gates are computed where they are to lie, from the projected
 * that lies there first; if it was placed there by the memory plan, nothing is copied.
 */
final class LstmKernel implements Kernel {
    static final int INPUT = 0;
    static final int FORGET = 1;
    static final int CANDIDATE = 2;
    static final int OUTPUT = 3;

    private final SampleBlocks blocks;
    private final SampleBlocks.Range[] ranges;
    private final Kernel loadProjected;
    private final SampleBlocks.Rows states;
    private final SampleBlocks.Rows gates;
    private final SampleBlocks.Rows savedCells;
    private final Kernel loadWeight;
    /** h[t − 1] · weightᵀ: (samples, hidden) × (hidden, 4 · hidden). */
    private final RepeatedProduct recurrence;

    private final SampleBlocks.Rows sums;
    private final float[][] gate;
    /** c[t − 1], by block; c[t] after t. */
    private final float[][] cells;

    private final float[] other;

    LstmKernel(
            ProgramMemory memory, MatrixKernels matrices, Scratch scratch, SequenceOp.Lstm op, List<Tensor> results) {
        this.blocks = SampleBlocks.of(results.getFirst().shape());
        this.ranges = blocks.ranges().toArray(SampleBlocks.Range[]::new);
        int hidden = blocks.hidden();
        this.loadProjected = copy(memory.of(op.projected()), memory.of(results.get(1)));
        this.states = blocks.sequence(memory.of(results.get(0)), hidden);
        this.gates = blocks.sequence(memory.of(results.get(1)), SequenceOp.Lstm.GATES * hidden);
        this.savedCells = blocks.sequence(memory.of(results.get(2)), hidden);
        scratch.forNextKernel();
        MatrixKernels.Converted weight =
                matrices.readable(memory.of(op.weight()), op.weight().type(), scratch);
        this.loadWeight = weight.load();
        MemorySegment recurrent =
                scratch.take(ElementType.F32, (long) blocks.samples() * SequenceOp.Lstm.GATES * hidden);
        this.recurrence = matrices.repeatedProduct(
                states.matrix(),
                Strided.matrix(weight.memory(), weight.type(), (long) SequenceOp.Lstm.GATES * hidden, hidden)
                        .transposed(),
                Strided.matrix(recurrent, ElementType.F32, blocks.samples(), (long) SequenceOp.Lstm.GATES * hidden),
                scratch);
        this.sums = new SampleBlocks.Rows(recurrent, 1, SequenceOp.Lstm.GATES * hidden, hidden);
        this.gate = new float[][] {blocks.newUnits(), blocks.newUnits(), blocks.newUnits(), blocks.newUnits()};
        this.cells = blocks.newUnitsOfAll();
        this.other = blocks.newUnits();
    }

    private static Kernel copy(MemorySegment from, MemorySegment to) {
        return from.address() == to.address() ? () -> {} : () -> to.copyFrom(from);
    }

    @Override
    public void run() {
        loadWeight.run();
        loadProjected.run();
        recurrence.pack().run();
        for (float[] units : cells) {
            Arrays.fill(units, 0);
        }
        for (int t = 0; t < blocks.time(); t++) {
            if (t > 0) {
                recurrence.product().run(states.matrixOffset(t - 1), 0, 0);
            }
            for (int block = 0; block < ranges.length; block++) {
                runCells(t, block);
            }
        }
    }

    private void runCells(int t, int block) {
        SampleBlocks.Range range = ranges[block];
        float[] cell = cells[block];
        int count = blocks.units(range);
        for (int g = 0; g < SequenceOp.Lstm.GATES; g++) {
            gates.load(gate[g], range, t, g);
            if (t > 0) {
                sums.load(other, range, 0, g);
                VectorMath.add(gate[g], other, count);
            }
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
