package dev.tutti.tensor.model;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.LayoutOp;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.SequenceOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.ShapeException;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Layers over time. What is padding neither attention, nor means, nor the last state of an LSTM count. */
final class SequenceLayers {
    private static final float POSITION_DEVIATION = 0.02f;
    private final GraphBuilder builder;
    private final LayerStack stack;
    private final Optional<Tensor> padding;
    private @Nullable Tensor table;

    SequenceLayers(GraphBuilder builder, LayerStack stack, Optional<Tensor> padding) {
        this.builder = builder;
        this.stack = stack;
        this.padding = padding;
    }

    Tensor embedding(String name, Tensor ids, Layer.Embedding layer) {
        if (ids.type() != ElementType.I32) {
            throw new ShapeException("expected tokens, got numbers");
        }
        Tensor weight = builder.parameter(
                name + ".weight",
                Shape.of(layer.vocabulary(), layer.width()),
                new Initializer.Normal(layer.deviation()),
                layer.sparse() ? Parameter.Update.TRAINED_ROWS : Parameter.Update.TRAINED);
        if (table == null) {
            table = weight;
        }
        return builder.add(name, new SequenceOp.Embedding(weight, ids));
    }

    Tensor tiedDense(String name, Tensor x) {
        Tensor weight = table;
        if (weight == null) {
            throw new ShapeException("expected an embedding before it, whose table it shares");
        }
        if (x.shape().last() != weight.shape().size(1)) {
            throw new ShapeException(
                    "expected vectors as wide as those of the embedding, whose table it shares: %d, got %d"
                            .formatted(weight.shape().size(1), x.shape().last()));
        }
        Tensor bias = builder.parameter(name + ".bias", Shape.of(weight.shape().size(0)), new Initializer.Constant(0));
        return stack.affine(name, x, weight, bias);
    }

    Tensor positions(String name, Tensor x, Layer.Positions.Encoding encoding) {
        Shape shape = sequences(x);
        return switch (encoding) {
            case SINUSOIDAL -> builder.add(name, new SequenceOp.AddPositions(x));
            case LEARNED -> {
                Tensor weight = builder.parameter(
                        name + ".weight",
                        Shape.of(shape.size(1), shape.size(2)),
                        new Initializer.Normal(POSITION_DEVIATION));
                yield builder.add(name, new MatrixOp.AddBias(x, weight));
            }
        };
    }

    Tensor attention(String name, Tensor x, Layer.Attention layer) {
        int width = sequences(x).size(2);
        padding.ifPresent(mask -> requireTimes(x, mask));
        Tensor qkv = stack.dense(name + ".qkv", x, 3 * width);
        Tensor heads =
                builder.add(name + ".heads", new SequenceOp.Attention(qkv, padding, layer.heads(), layer.causal()));
        return stack.dense(name + ".output", heads, width);
    }

    /** First values as PyTorch's: all evenly from ±1/√hidden. One bias, which stands for PyTorch's two. */
    Tensor lstm(String name, Tensor x, Layer.Lstm layer) {
        Shape shape = sequences(x);
        int hidden = layer.hidden();
        Initializer initializer = Initializer.Uniform.fanIn(hidden);
        Tensor inputWeight = builder.parameter(
                name + ".input-weight", Shape.of(SequenceOp.Lstm.GATES * hidden, shape.size(2)), initializer);
        Tensor bias = builder.parameter(name + ".bias", Shape.of(SequenceOp.Lstm.GATES * hidden), initializer);
        Tensor weight = builder.parameter(
                name + ".hidden-weight", Shape.of(SequenceOp.Lstm.GATES * hidden, hidden), initializer);
        Tensor timeFirst = timeExchanged(name + ".time-first", x);
        Tensor projected = stack.affine(name + ".projected", timeFirst, inputWeight, bias);
        Tensor states = builder.add(name, new SequenceOp.Lstm(projected, weight));
        if (layer.sequences()) {
            return timeExchanged(name + ".samples-first", states);
        }
        if (padding.isPresent()) {
            Tensor samplesFirst = timeExchanged(name + ".samples-first", states);
            return pool(name + ".state", samplesFirst, padding.get(), SequenceOp.Pooling.LAST);
        }
        int time = shape.size(1);
        Tensor last = builder.add(name + ".last", new LayoutOp.Slice(states, 0, time - 1, time));
        return stack.reshape(name + ".state", last, Shape.of(shape.size(0), hidden));
    }

    /** [samples, time, width] → [time, samples, width], and back. Of one recurrent layer after another {@link dev.tutti.tensor.lowering.Transposes} leaves none. */
    private Tensor timeExchanged(String name, Tensor x) {
        return builder.add(name, new LayoutOp.Transpose(x, List.of(1, 0, 2)));
    }

    Tensor mean(String name, Tensor x) {
        int time = sequences(x).size(1);
        return padding.isPresent()
                ? pool(name, x, padding.get(), SequenceOp.Pooling.MEAN)
                : builder.add(name, new LayoutOp.Sum(x, 1, 1f / time));
    }

    /** Over the times that are no padding. */
    private Tensor pool(String name, Tensor x, Tensor mask, SequenceOp.Pooling pooling) {
        requireTimes(x, mask);
        return builder.add(name, new SequenceOp.TimePool(x, mask, pooling));
    }

    private static void requireTimes(Tensor x, Tensor mask) {
        if (!x.shape().without(2).equals(mask.shape())) {
            throw new ShapeException("expected a time for each of the %d tokens, to tell which are padding, got %d"
                    .formatted(mask.shape().size(1), x.shape().size(1)));
        }
    }

    private static Shape sequences(Tensor x) {
        if (x.shape().rank() != 3) {
            throw new ShapeException("expected [time, width]");
        }
        return x.shape();
    }
}
