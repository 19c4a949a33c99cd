package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.SequenceOp;

/**
 * Each operation as its formula stands in {@link dev.tutti.tensor.graph.Op}'s families. Sums are f64 and rounded once, when they are stored. {@code StrictMath}
 * gives the same bits on every machine.
 */
public final class ReferenceKernels {
    private final MatrixLoops matrices;
    private final ElementwiseLoops elementwise;
    private final LayoutLoops layouts;
    private final ConvolutionLoops convolutions;
    private final PoolingLoops pooling;
    private final NormalizationLoops norms;
    private final SequenceLoops sequences;
    private final RecurrenceLoops recurrences;
    private final AttentionLoops attention;
    private final LossLoops losses;

    /** Over the tensors of a program. */
    public ReferenceKernels(ProgramMemory memory) {
        this(memory::values);
    }

    ReferenceKernels(TensorValues tensors) {
        this.matrices = new MatrixLoops(tensors);
        this.elementwise = new ElementwiseLoops(tensors);
        this.layouts = new LayoutLoops(tensors);
        this.convolutions = new ConvolutionLoops(tensors);
        this.pooling = new PoolingLoops(tensors);
        this.norms = new NormalizationLoops(tensors);
        this.sequences = new SequenceLoops(tensors);
        this.recurrences = new RecurrenceLoops(tensors);
        this.attention = new AttentionLoops(tensors);
        this.losses = new LossLoops(tensors);
    }

    public Kernel bind(Instruction instruction) {
        return switch (instruction.op()) {
            case MatrixOp op -> matrices.bind(op, instruction.result());
            case ElementwiseOp op -> elementwise.bind(op, instruction.result());
            case LayoutOp op -> layouts.bind(op, instruction.result());
            case ConvolutionOp op -> convolution(op, instruction);
            case NormalizationOp op -> norms.bind(op, instruction.results());
            case SequenceOp op -> sequence(op, instruction);
            case LossOp op -> losses.bind(op, instruction.result());
        };
    }

    private Kernel convolution(ConvolutionOp op, Instruction instruction) {
        return switch (op) {
            case ConvolutionOp.Conv2d conv -> convolutions.conv2d(conv, instruction.result());
            case ConvolutionOp.Conv2dInputGradient conv -> convolutions.inputGradient(conv, instruction.result());
            case ConvolutionOp.Conv2dWeightGradient conv -> convolutions.weightGradient(conv, instruction.results());
            case ConvolutionOp.Conv2dMaxPool conv -> convolutions.conv2dMaxPool(conv, instruction.results());
            case ConvolutionOp.MaxPoolScatter pool -> pooling.scatter(pool, instruction.result());
            case ConvolutionOp.MaxPool pool -> pooling.max(pool, instruction.result());
            case ConvolutionOp.MaxPoolGradient pool -> pooling.maxGradient(pool, instruction.result());
            case ConvolutionOp.AveragePool pool -> pooling.average(pool, instruction.result());
            case ConvolutionOp.AveragePoolGradient pool -> pooling.averageGradient(pool, instruction.result());
        };
    }

    private Kernel sequence(SequenceOp op, Instruction instruction) {
        return switch (op) {
            case SequenceOp.Embedding embedding -> sequences.embedding(embedding, instruction.result());
            case SequenceOp.EmbeddingGradient embedding -> sequences.embeddingGradient(embedding, instruction.result());
            case SequenceOp.AddPositions positions -> sequences.addPositions(positions, instruction.result());
            case SequenceOp.PaddingMask mask -> sequences.paddingMask(mask, instruction.result());
            case SequenceOp.TimePool pool -> sequences.timePool(pool, instruction.result());
            case SequenceOp.TimePoolGradient pool -> sequences.timePoolGradient(pool, instruction.result());
            case SequenceOp.Lstm lstm -> recurrences.lstm(lstm, instruction.results());
            case SequenceOp.DenseLstm lstm -> recurrences.denseLstm(lstm, instruction.results());
            case SequenceOp.LstmGradient lstm -> recurrences.gradient(lstm, instruction.result());
            case SequenceOp.Delay delay -> recurrences.delay(delay, instruction.result());
            case SequenceOp.Attention op2 -> attention.forward(op2, instruction.results());
            case SequenceOp.AttentionGradient op2 -> attention.backward(op2, instruction.result());
        };
    }
}
