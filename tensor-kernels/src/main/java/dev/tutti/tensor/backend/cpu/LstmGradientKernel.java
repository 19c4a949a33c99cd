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
    private final SampleBlocks.Rows gates;
    private final SampleBlocks.Rows cells;
    private final SampleBlocks.Rows result;
    private final Kernel loadWeight;
    /** Of the gates, at the time that comes next, f32 (samples, 4 · hidden). */
    private final SampleBlocks.Rows gateGradient;

    private final Kernel convertGates;
    /** dgates · weight: (samples, 4 · hidden) × (4 · hidden, hidden). */
    private final RepeatedProduct recurrence;

    private final SampleBlocks.Rows stateGradient;
    private final SampleBlocks.Rows cellGradient;
    private final float[][] gate;
    private final float[] dh;
    private final float[] dc;
    private final float[] tanh;
    private final float[] other;

    LstmGradientKernel(
            ProgramMemory memory,
            MatrixKernels matrices,
            Scratch scratch,
            SequenceOp.LstmGradient op,
            Tensor gradientOfProjected) {
        this.blocks = SampleBlocks.of(op.cells().shape());
        this.ranges = blocks.ranges().toArray(SampleBlocks.Range[]::new);
        int samples = blocks.samples();
        int hidden = blocks.hidden();
        this.gradient = blocks.sequence(memory.of(op.gradient()), hidden);
        this.gates = blocks.sequence(memory.of(op.gates()), SequenceOp.Lstm.GATES * hidden);
        this.cells = blocks.sequence(memory.of(op.cells()), hidden);
        this.result = blocks.sequence(memory.of(gradientOfProjected), SequenceOp.Lstm.GATES * hidden);
        scratch.forNextKernel();
        MatrixKernels.Converted weight =
                matrices.readable(memory.of(op.weight()), op.weight().type(), scratch);
        this.loadWeight = weight.load();
        MemorySegment dgates = scratch.take(ElementType.F32, (long) samples * SequenceOp.Lstm.GATES * hidden);
        MatrixKernels.Converted converted = matrices.narrowed(dgates, weight.type(), scratch);
        this.convertGates = converted.load();
        MemorySegment dstate = scratch.take(ElementType.F32, (long) samples * hidden);
        this.recurrence = matrices.repeatedProduct(
                Strided.matrix(converted.memory(), weight.type(), samples, (long) SequenceOp.Lstm.GATES * hidden),
                Strided.matrix(weight.memory(), weight.type(), (long) SequenceOp.Lstm.GATES * hidden, hidden),
                Strided.matrix(dstate, ElementType.F32, samples, hidden),
                scratch);
        this.gateGradient = blocks.moment(dgates, SequenceOp.Lstm.GATES * hidden);
        this.stateGradient = blocks.moment(dstate, hidden);
        this.cellGradient = blocks.moment(scratch.take(ElementType.F32, (long) samples * hidden), hidden);
        this.gate = new float[][] {blocks.newUnits(), blocks.newUnits(), blocks.newUnits(), blocks.newUnits()};
        this.dh = blocks.newUnits();
        this.dc = blocks.newUnits();
        this.tanh = blocks.newUnits();
        this.other = blocks.newUnits();
    }

    @Override
    public void run() {
        loadWeight.run();
        recurrence.pack().run();
        int last = blocks.time() - 1;
        for (int t = last; t >= 0; t--) {
            if (t < last) {
                convertGates.run();
                recurrence.product().run();
            }
            for (SampleBlocks.Range range : ranges) {
                runCells(t, t == last, range);
            }
        }
    }

    private void runCells(int t, boolean last, SampleBlocks.Range range) {
        int count = blocks.units(range);
        gradient.load(dh, range, t, 0);
        if (last) {
            Arrays.fill(dc, 0);
        } else {
            stateGradient.load(other, range, t, 0);
            VectorMath.add(dh, other, count);
            cellGradient.load(dc, range, t, 0);
        }
        for (int g = 0; g < SequenceOp.Lstm.GATES; g++) {
            gates.load(gate[g], range, t, g);
        }
        cells.load(tanh, range, t, 0);
        VectorMath.tanh(tanh, count);
        addStateGradient(dc, dh, gate[OUTPUT], tanh, count);
        throughSigmoid(dh, tanh, gate[OUTPUT], dh, count);
        store(dh, range, t, OUTPUT);
        if (t > 0) {
            cells.load(other, range, t - 1, 0);
        } else {
            Arrays.fill(other, 0);
        }
        throughSigmoid(dc, other, gate[FORGET], other, count);
        store(other, range, t, FORGET);
        throughSigmoid(dc, gate[CANDIDATE], gate[INPUT], other, count);
        store(other, range, t, INPUT);
        throughTanh(dc, gate[INPUT], gate[CANDIDATE], other, count);
        store(other, range, t, CANDIDATE);
        VectorMath.multiply(dc, gate[FORGET], dc, count);
        cellGradient.store(dc, range, t, 0);
    }

    private void store(float[] units, SampleBlocks.Range range, int t, int g) {
        result.store(units, range, t, g);
        gateGradient.store(units, range, t, g);
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
