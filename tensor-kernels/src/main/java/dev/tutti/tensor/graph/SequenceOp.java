package dev.tutti.tensor.graph;

import java.util.Optional;

/** Sequences are [samples, time, width], or, of recurrent layers, which go from time to time, [time, samples, width]; b is a sample, t a time. */
public sealed interface SequenceOp extends Op {
    /** y[…, :] = table[ids[…], :]: i32 ids of any shape, f32 table [vocabulary, width]. */
    record Embedding(Tensor table, Tensor ids) implements SequenceOp {}

    /** dtable of {@link Embedding}: row by row in the order of the ids, so that sums have the same bits. */
    record EmbeddingGradient(Tensor gradient, Tensor ids, int vocabulary) implements SequenceOp {}

    /** y = x + p, p[t, 2i] = sin(t / 10000^(2i / width)), p[t, 2i + 1] = cos(the same); Vaswani et al. 2017, 3.5. */
    record AddPositions(Tensor x) implements SequenceOp {}

    /** i32: 1 where an id is {@code padding}, else 0. */
    record PaddingMask(Tensor ids, int padding) implements SequenceOp {}

    /** What becomes of a sample's times in a {@link TimePool}. */
    enum Pooling {
        /** Their sum, divided by how many there are. */
        MEAN,
        /** The last one. */
        LAST
    }

    /**
     * One row for the times of a sample that are not ignored: f32 [samples, time, width] → [samples, width]; zero where all are.
     *
     * @param ignored i32 [samples, time]: not 0 for times that do not count
     */
    record TimePool(Tensor x, Tensor ignored, Pooling pooling) implements SequenceOp {}

    /** dx of {@link TimePool}: [samples, width] → [samples, time, width]; zero for ignored times. */
    record TimePoolGradient(Tensor gradient, Tensor ignored, Pooling pooling) implements SequenceOp {}

    /**
     * Long short-term memory; Hochreiter & Schmidhuber 1997, with a forget gate. From i, f, g, o = projected[t, b] + h[t − 1, b] · weightᵀ:
     * c[t] = σ(f) · c[t − 1] + σ(i) · tanh(g), h[t] = σ(o) · tanh(c[t]), all zero before the first time. Results, f32: h [time, samples, hidden],
     * the gates after σ and tanh [time, samples, 4 · hidden] in the order i, f, g, o, and c.
     *
     * @param projected f32 [time, samples, 4 · hidden]: x · inputWeightᵀ + bias
     * @param weight [4 · hidden, hidden]
     */
    record Lstm(Tensor projected, Tensor weight) implements SequenceOp {
        public static final int GATES = 4;
    }

    /**
     * {@link Lstm} of x · inputWeightᵀ + bias, with h and the gates rounded to {@code type} where they are kept. What {@link dev.tutti.tensor.lowering.LstmFusion} makes of it and
     * the layer below.
     *
     * @param x [time, samples, in], of one float type with the weights
     * @param inputWeight [4 · hidden, in]
     * @param bias f32 [4 · hidden]
     */
    record DenseLstm(Tensor x, Tensor inputWeight, Tensor bias, Tensor weight, ElementType type)
            implements SequenceOp {}

    /** dprojected of {@link Lstm}, rounded to {@code type}. */
    record LstmGradient(Tensor gradient, Tensor weight, Tensor gates, Tensor cells, ElementType type)
            implements SequenceOp {
        /** With f32 as the result's type. */
        public LstmGradient(Tensor gradient, Tensor weight, Tensor gates, Tensor cells) {
            this(gradient, weight, gates, cells, ElementType.F32);
        }
    }

    /** y[t, b] = x[t − 1, b], zero for the first time: [time, samples, width]. */
    record Delay(Tensor x) implements SequenceOp {}

    /**
     * Multi-head self-attention; Vaswani et al. 2017. For each head, with its share of the width: out[t] = Σs p[t, s] · v[s],
     * p[t] = softmax(q[t] · k[s] / √(width / heads)) over the times s that are not ignored, and not after t if causal. Where all are ignored
     * out is zero. Results, f32: out [samples, time, width], and the logarithms of the sums of exponentials [samples, heads, time] (0 where all are ignored).
     *
     * @param qkv [samples, time, 3 · width]: queries, keys, values
     * @param ignored i32 [samples, time], the key padding mask: not 0 for keys nobody attends to
     */
    record Attention(Tensor qkv, Optional<Tensor> ignored, int heads, boolean causal) implements SequenceOp {}

    /** dqkv of {@link Attention}, of {@code type}; probabilities are computed again from the logarithms, as in Dao et al. 2022 (FlashAttention). */
    record AttentionGradient(
            Tensor gradient,
            Tensor qkv,
            Tensor output,
            Tensor logSumExp,
            Optional<Tensor> ignored,
            int heads,
            boolean causal,
            ElementType type)
            implements SequenceOp {
        /** With f32 as the result's type. */
        public AttentionGradient(
                Tensor gradient,
                Tensor qkv,
                Tensor output,
                Tensor logSumExp,
                Optional<Tensor> ignored,
                int heads,
                boolean causal) {
            this(gradient, qkv, output, logSumExp, ignored, heads, causal, ElementType.F32);
        }
    }
}
