package dev.tutti.benchmarks.kernels;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.FlopCount;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.LossOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * An operation of one size. What a step keeps in f32 whatever its precision (norms, losses) is f32 here too.
 *
 * @param graph without parameters; its i32 inputs are labels
 * @param labels those are below it
 */
record KernelCase(String name, String size, Graph graph, int labels) {
    private static final int HEADS = 12;
    private static final int HEAD_WIDTH = 64;
    private static final int WIDTH = HEADS * HEAD_WIDTH;
    private static final int VOCABULARY = 50_257;

    private static final float EPSILON = 1e-5f;

    /** (n, n) × (n, n), rounded to the type. */
    static KernelCase matmul(ElementType type, int n) {
        GraphBuilder builder = new GraphBuilder();
        Tensor left = builder.input("left", type, Shape.of(n, n));
        Tensor right = builder.input("right", type, Shape.of(n, n));
        Tensor product = builder.add("product", new MatrixOp.MatMul(left, false, right, false));
        builder.output("y", type == ElementType.F32 ? product : cast(builder, product, type));
        return of("matmul", "%1$d × %1$d × %1$d".formatted(n), builder);
    }

    private static Tensor cast(GraphBuilder builder, Tensor x, ElementType type) {
        return builder.add("cast", new ElementwiseOp.Cast(x, type));
    }

    /**
     * Causal self-attention, of GPT-2's heads.
     *
     * @param backward whether with its gradient
     */
    static KernelCase attention(ElementType type, int samples, int time, boolean backward) {
        GraphBuilder builder = new GraphBuilder();
        Tensor qkv = builder.input("qkv", type, Shape.of(samples, time, 3 * WIDTH));
        List<Tensor> results = builder.addAll("out", new SequenceOp.Attention(qkv, Optional.empty(), HEADS, true));
        Tensor out = results.get(0);
        builder.output("out", out);
        if (backward) {
            Tensor gradient = builder.input("gradient", type, Shape.of(samples, time, WIDTH));
            SequenceOp.AttentionGradient op = new SequenceOp.AttentionGradient(
                    gradient, qkv, out, results.get(1), Optional.empty(), HEADS, true, type);
            builder.output("dqkv", builder.add("dqkv", op));
        }
        return of(backward ? "attention and gradient" : "attention", sequences(samples, time), builder);
    }

    private static String sequences(int samples, int time) {
        return "%d × %d tokens, %d heads of %d, causal".formatted(samples, time, HEADS, HEAD_WIDTH);
    }

    /** @param backward whether with its gradients */
    static KernelCase layerNorm(int rows, boolean backward) {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.F32, Shape.of(rows, WIDTH));
        Tensor gamma = builder.input("gamma", ElementType.F32, Shape.of(WIDTH));
        Tensor beta = builder.input("beta", ElementType.F32, Shape.of(WIDTH));
        List<Tensor> results = builder.addAll("y", new NormalizationOp.LayerNorm(x, gamma, beta, EPSILON));
        builder.output("y", results.get(0));
        if (backward) {
            Tensor gradient = builder.input("gradient", ElementType.F32, Shape.of(rows, WIDTH));
            NormalizationOp.LayerNormGradient op =
                    new NormalizationOp.LayerNormGradient(gradient, x, gamma, results.get(1), results.get(2));
            for (Tensor result : builder.addAll("dx", op)) {
                builder.output(result.name(), result);
            }
        }
        return of(backward ? "layer norm and gradient" : "layer norm", matrix(rows, WIDTH), builder);
    }

    /** Softmax and cross-entropy of GPT-2's vocabulary, with the gradient. */
    static KernelCase crossEntropy(int rows) {
        GraphBuilder builder = new GraphBuilder();
        Tensor logits = builder.input("logits", ElementType.F32, Shape.of(rows, VOCABULARY));
        Tensor labels = builder.input("labels", ElementType.I32, Shape.of(rows));
        Tensor scale = builder.input("scale", ElementType.F32, Shape.SCALAR);
        builder.output("loss", builder.add("loss", new LossOp.CrossEntropy(logits, labels)));
        builder.output("dlogits", builder.add("dlogits", new LossOp.CrossEntropyGradient(scale, logits, labels)));
        return of("softmax cross-entropy and gradient", matrix(rows, VOCABULARY), builder);
    }

    private static String matrix(int rows, int columns) {
        return "%d × %d".formatted(rows, columns);
    }

    private static KernelCase of(String name, String size, GraphBuilder builder) {
        return new KernelCase(name, size, builder.build(), VOCABULARY);
    }

    long flops() {
        return FlopCount.of(graph);
    }

    /** Of inputs and outputs. */
    long bytes() {
        return Stream.concat(graph.inputs().stream(), graph.outputs().values().stream())
                .mapToLong(Tensor::byteSize)
                .sum();
    }
}
