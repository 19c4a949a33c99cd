package dev.tutti.tensor.graph;

/**
 * Floating-point operations of a graph's products: each multiplication and each addition counts. What is linear in the number of elements (activations, norms,
 * losses) does not count, nor does what a backend computes twice to save memory.
 */
public final class FlopCount {
    private FlopCount() {}

    /** Of one run. */
    public static long of(Graph graph) {
        return graph.instructions().stream()
                .map(Instruction::op)
                .mapToLong(FlopCount::of)
                .sum();
    }

    private static long of(Op op) {
        return switch (op) {
            case MatrixOp matrix -> matrix(matrix);
            case ConvolutionOp convolution -> convolution(convolution);
            case SequenceOp sequence -> sequence(sequence);
            case ElementwiseOp _, LayoutOp _, NormalizationOp _, LossOp _ -> 0;
        };
    }

    private static long matrix(MatrixOp op) {
        return switch (op) {
            case MatrixOp.MatMul(var left, boolean transposed, var right, boolean _) ->
                2 * left.elementCount() / left.shape().size(transposed ? 0 : 1) * right.elementCount();
            case MatrixOp.RoundedMatMul(var left, boolean transposed, var right, boolean _, var _) ->
                2 * left.elementCount() / left.shape().size(transposed ? 0 : 1) * right.elementCount();
            case MatrixOp.Dense(var x, var weight, var _, var _, var _) ->
                2L * x.shape().size(0) * weight.elementCount();
            case MatrixOp.AddBias _, MatrixOp.ColumnSum _ -> 0;
        };
    }

    /** The window's places outside of the image count, as they do for everyone. */
    private static long convolution(ConvolutionOp op) {
        return switch (op) {
            case ConvolutionOp.Conv2d(var x, var weight, var _, var window, int _, var layout) ->
                forward(x, weight, window, layout);
            case ConvolutionOp.Conv2dMaxPool(var x, var weight, var _, var window, int _, var layout) ->
                forward(x, weight, window, layout);
            case ConvolutionOp.Conv2dInputGradient(var gradient, var weight, var _, int _, int _, int _, var layout) ->
                2 * gradient.elementCount() / layout.channels(gradient.shape()) * weight.elementCount();
            case ConvolutionOp.Conv2dWeightGradient(var gradient, var x, var window, int groups, var layout) ->
                2 * gradient.elementCount() * layout.channels(x.shape()) / groups * window.area();
            case ConvolutionOp.MaxPoolScatter _,
                    ConvolutionOp.MaxPool _,
                    ConvolutionOp.MaxPoolGradient _,
                    ConvolutionOp.AveragePool _,
                    ConvolutionOp.AveragePoolGradient _ -> 0;
        };
    }

    private static long forward(Tensor x, Tensor weight, Window window, ImageLayout layout) {
        Shape images = x.shape();
        return 2L
                * layout.samples(images)
                * window.outputHeight(layout.height(images))
                * window.outputWidth(layout.width(images))
                * weight.elementCount();
    }

    private static long sequence(SequenceOp op) {
        return switch (op) {
            case SequenceOp.Lstm(var projected, var weight) -> recurrence(projected, weight);
            case SequenceOp.DenseLstm(var x, var inputWeight, var _, var weight, var _) ->
                2 * x.elementCount() / x.shape().last() * (inputWeight.elementCount() + weight.elementCount());
            case SequenceOp.LstmGradient(var _, var weight, var gates, var _, var _) -> recurrence(gates, weight);
            case SequenceOp.Attention(var qkv, var _, int _, boolean causal) -> 2 * attention(qkv, causal);
            case SequenceOp.AttentionGradient(var _, var qkv, var _, var _, var _, int _, boolean causal, var _) ->
                4 * attention(qkv, causal);
            case SequenceOp.Embedding _,
                    SequenceOp.EmbeddingGradient _,
                    SequenceOp.AddPositions _,
                    SequenceOp.PaddingMask _,
                    SequenceOp.TimePool _,
                    SequenceOp.TimePoolGradient _,
                    SequenceOp.Delay _ -> 0;
        };
    }

    private static long recurrence(Tensor gates, Tensor weight) {
        return 2 * gates.elementCount() / gates.shape().last() * weight.elementCount();
    }

    /** One product of all times with all times that they see. */
    private static long attention(Tensor qkv, boolean causal) {
        long time = qkv.shape().size(1);
        long pairs = causal ? time * (time + 1) / 2 : time * time;
        int width = qkv.shape().size(2) / 3;
        return 2L * qkv.shape().size(0) * pairs * width;
    }
}
