package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.ConvolutionOp;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.Optional;

/** Each operation's launches. */
final class CudaKernels {
    private final Scratch scratch;
    private final ElementwiseLaunches elementwise;
    private final MatrixLaunches matrices;
    private final LayoutLaunches layouts;
    private final NormalizationLaunches norms;
    private final SequenceLaunches sequences;
    private final LstmLaunches recurrences;
    private final AttentionLaunches attention;
    private final ImageLaunches images;
    private final LossLaunches losses;

    /** @param stream for what has to be tried; it is not being captured yet */
    CudaKernels(CudaDevice device, Launches launches, long stream) {
        Optional<ProductPlans> plans =
                device.products().map(library -> new ProductPlans(library, device.productOptions(), launches, stream));
        scratch = launches.memory().scratch();
        elementwise = new ElementwiseLaunches(launches);
        matrices = new MatrixLaunches(launches, elementwise, plans);
        layouts = new LayoutLaunches(launches);
        norms = new NormalizationLaunches(launches, matrices);
        sequences = new SequenceLaunches(launches);
        recurrences = new LstmLaunches(launches, elementwise, matrices);
        attention = new AttentionLaunches(launches);
        images = new ImageLaunches(launches, matrices);
        losses = new LossLaunches(launches);
    }

    /** In the order in which they run. */
    Launch bind(Instruction instruction) {
        scratch.next();
        Tensor y = instruction.result();
        List<Tensor> results = instruction.results();
        return switch (instruction.op()) {
            case ElementwiseOp op -> elementwise.bind(op, y);
            case MatrixOp op -> matrices.bind(op, y);
            case LayoutOp op -> layouts.bind(op, y);
            case NormalizationOp op -> norms.bind(op, results);
            case ConvolutionOp op -> images.bind(op, results);
            case LossOp op -> losses.bind(op, y);
            case SequenceOp.Embedding op -> sequences.embedding(op, y);
            case SequenceOp.EmbeddingGradient op -> sequences.embeddingGradient(op, y);
            case SequenceOp.AddPositions op -> sequences.addPositions(op, y);
            case SequenceOp.PaddingMask op -> sequences.paddingMask(op, y);
            case SequenceOp.TimePool op -> sequences.timePool(op, y);
            case SequenceOp.TimePoolGradient op -> sequences.timePoolGradient(op, y);
            case SequenceOp.Delay op -> sequences.delay(op, y);
            case SequenceOp.Lstm op -> recurrences.forward(op, results);
            case SequenceOp.DenseLstm op -> recurrences.forward(op, results);
            case SequenceOp.LstmGradient op -> recurrences.backward(op, y);
            case SequenceOp.Attention op -> attention.forward(op, results);
            case SequenceOp.AttentionGradient op -> attention.backward(op, y);
        };
    }
}
