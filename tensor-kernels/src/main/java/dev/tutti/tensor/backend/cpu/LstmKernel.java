package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** Long short-term memory: for each time a product over all samples, then the cells. */
final class LstmKernel implements Kernel {
    static final int INPUT = 0;
    static final int FORGET = 1;
    static final int CANDIDATE = 2;
    static final int OUTPUT = 3;

    private final SampleBlocks blocks;
    private final SampleBlocks.Range[] ranges;
    private final SampleBlocks.Rows projected;
    private final SampleBlocks.Rows states;
    private final SampleBlocks.Rows gates;
    private final SampleBlocks.Rows cells;
    private final Kernel loadWeight;
    /** h[t − 1], f32 (samples, hidden). */
    private final SampleBlocks.Rows previousState;

    private final Kernel convertState;
    /** h[t − 1] · weightᵀ: (samples, hidden) × (hidden, 4 · hidden). */
    private final RepeatedProduct recurrence;

    private final SampleBlocks.Rows recurrent;
    private final float[][] gate;
    private final float[] cell;
    private final float[] other;

    LstmKernel(
            ProgramMemory memory, MatrixKernels matrices, Scratch scratch, SequenceOp.Lstm op, List<Tensor> results) {
        this.blocks = SampleBlocks.of(results.getFirst().shape());
        this.ranges = blocks.ranges().toArray(SampleBlocks.Range[]::new);
        int samples = blocks.samples();
        int hidden = blocks.hidden();
        this.projected = blocks.sequence(memory.of(op.projected()), SequenceOp.Lstm.GATES * hidden);
        this.states = blocks.sequence(memory.of(results.get(0)), hidden);
        this.gates = blocks.sequence(memory.of(results.get(1)), SequenceOp.Lstm.GATES * hidden);
        this.cells = blocks.sequence(memory.of(results.get(2)), hidden);
        scratch.forNextKernel();
        MatrixKernels.Converted weight =
                matrices.readable(memory.of(op.weight()), op.weight().type(), scratch);
        this.loadWeight = weight.load();
        MemorySegment state = scratch.take(ElementType.F32, (long) samples * hidden);
        MatrixKernels.Converted converted = matrices.narrowed(state, weight.type(), scratch);
        this.convertState = converted.load();
        MemorySegment sums = scratch.take(ElementType.F32, (long) samples * SequenceOp.Lstm.GATES * hidden);
        this.recurrence = matrices.repeatedProduct(
                Strided.matrix(converted.memory(), weight.type(), samples, hidden),
                Strided.matrix(weight.memory(), weight.type(), (long) SequenceOp.Lstm.GATES * hidden, hidden)
                        .transposed(),
                Strided.matrix(sums, ElementType.F32, samples, (long) SequenceOp.Lstm.GATES * hidden),
                scratch);
        this.previousState = blocks.moment(state, hidden);
        this.recurrent = blocks.moment(sums, SequenceOp.Lstm.GATES * hidden);
        this.gate = new float[][] {blocks.newUnits(), blocks.newUnits(), blocks.newUnits(), blocks.newUnits()};
        this.cell = blocks.newUnits();
        this.other = blocks.newUnits();
    }

    @Override
    public void run() {
        loadWeight.run();
        recurrence.pack().run();
        for (int t = 0; t < blocks.time(); t++) {
            if (t > 0) {
                convertState.run();
                recurrence.product().run();
            }
            for (SampleBlocks.Range range : ranges) {
                runCells(t, range);
            }
        }
    }

    private void runCells(int t, SampleBlocks.Range range) {
        int count = blocks.units(range);
        for (int g = 0; g < SequenceOp.Lstm.GATES; g++) {
            projected.load(gate[g], range, t, g);
            if (t > 0) {
                recurrent.load(other, range, t, g);
                VectorMath.add(gate[g], other, count);
            }
        }
        VectorMath.sigmoid(gate[INPUT], count);
        VectorMath.sigmoid(gate[FORGET], count);
        VectorMath.tanh(gate[CANDIDATE], count);
        VectorMath.sigmoid(gate[OUTPUT], count);
        if (t > 0) {
            cells.load(cell, range, t - 1, 0);
        } else {
            Arrays.fill(cell, 0);
        }
        advance(gate[INPUT], gate[FORGET], gate[CANDIDATE], cell, other, count);
        cells.store(cell, range, t, 0);
        VectorMath.tanh(other, count);
        VectorMath.multiply(other, gate[OUTPUT], other, count);
        states.store(other, range, t, 0);
        previousState.store(other, range, t, 0);
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
