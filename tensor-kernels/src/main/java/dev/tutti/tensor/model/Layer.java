package dev.tutti.tensor.model;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.Window;
import java.util.List;
import java.util.Locale;

/** A part of a model, without the shape of what comes in. Shapes leave out the samples; PyTorch's layers of the same names are the models for layout and first values. */
public sealed interface Layer {
    /** As a job file has it: {@code max-pool}. */
    default String kind() {
        return this instanceof Activate(var activation)
                ? activation.toString()
                : getClass()
                        .getSimpleName()
                        .replaceAll("(?<=[a-z])(?=[A-Z])", "-")
                        .toLowerCase(Locale.ROOT);
    }

    /** y = x · weightᵀ + bias over the last dimension: […, in] → […, units]. */
    record Dense(int units) implements Layer {}

    /** As {@link Dense}, with the table of the model's {@link Embedding} as the weight; Press & Wolf 2017. […, width] → […, vocabulary] */
    record TiedDense() implements Layer {}

    /** [channels, height, width] → [filters, …]; images without channels have one. */
    record Conv2d(int filters, Window window, int groups) implements Layer {}

    record MaxPool(Window window) implements Layer {}

    record AveragePool(Window window) implements Layer {}

    /** One dimension. */
    record Flatten() implements Layer {}

    record Reshape(List<Integer> shape) implements Layer {
        public Reshape {
            shape = List.copyOf(shape);
        }
    }

    record Activate(Activation activation) implements Layer {}

    /** Over the last dimension. */
    record Softmax() implements Layer {}

    /** While training only. */
    record Dropout(float rate) implements Layer {}

    /** Over the last dimension. */
    record LayerNorm(float epsilon) implements Layer {}

    /** Of each channel, over the samples and pixels of a slice; moving averages are kept for evaluation. [channels] or [channels, height, width]. */
    record BatchNorm(float epsilon) implements Layer {}

    /**
     * Ids [time] → [time, width].
     *
     * @param deviation of the table's first values, which are normally distributed
     * @param sparse whether a step changes only the rows of the table that its ids have
     */
    record Embedding(int vocabulary, int width, float deviation, boolean sparse) implements Layer {
        /** As PyTorch's {@code nn.Embedding}. */
        public static final float UNIT_DEVIATION = 1;
        /** As in GPT-2: with tied weights, the usual 1 would begin with logits as large as the width. */
        public static final float SMALL_DEVIATION = 0.02f;

        /** Not sparse. */
        public Embedding(int vocabulary, int width, float deviation) {
            this(vocabulary, width, deviation, false);
        }
    }

    /** Adds to [time, width] what says which time it is. */
    record Positions(Encoding encoding) implements Layer {
        /** How. */
        public enum Encoding {
            /** A trained parameter [time, width]. */
            LEARNED,
            /** {@link dev.tutti.tensor.graph.SequenceOp.AddPositions}. */
            SINUSOIDAL
        }
    }

    /** Multi-head self-attention with its four projections: [time, width] → [time, width]. */
    record Attention(int heads, boolean causal) implements Layer {}

    /**
     * One recurrent layer: [time, in] → [time, hidden], or the [hidden] of the last time that is not padding.
     *
     * @param sequences whether all times are given on
     */
    record Lstm(int hidden, boolean sequences) implements Layer {}

    /** Over the times that are not padding: [time, width] → [width]. */
    record Mean() implements Layer {}

    /** x + layers(x), which keep the shape. */
    record Residual(List<Layer> layers) implements Layer {
        public Residual {
            layers = List.copyOf(layers);
        }
    }

    /** What several lists of layers make of the same x, one after the other: along the channels of images, else along the last dimension. */
    record Concat(List<List<Layer>> branches) implements Layer {
        public Concat {
            branches = branches.stream().map(List::copyOf).toList();
        }
    }
}
