package dev.tutti.tensor.model;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.Window;
import java.util.ArrayList;
import java.util.List;

/** The models people start with, as lists of layers. */
public final class Presets {
    private static final float NORM_EPSILON = 1e-5f;

    private Presets() {}

    /**
     * A multi-layer perceptron: dense layers, a relu after each but the last.
     *
     * @param hidden sizes of the layers between; may be empty
     */
    public static List<Layer> mlp(List<Integer> hidden, int outputs) {
        if (outputs < 1 || hidden.stream().anyMatch(size -> size < 1)) {
            throw new IllegalArgumentException(
                    "an mlp needs sizes of 1 or more, got hidden " + hidden + ", outputs " + outputs);
        }
        List<Layer> layers = new ArrayList<>();
        layers.add(new Layer.Flatten());
        for (int size : hidden) {
            layers.add(new Layer.Dense(size));
            layers.add(new Layer.Activate(Activation.RELU));
        }
        layers.add(new Layer.Dense(outputs));
        return List.copyOf(layers);
    }

    /** LeNet-5 as it is taught today, after LeCun et al. 1998: two convolutions with relu and max-pooling, three dense layers. */
    public static List<Layer> lenet(int outputs) {
        Layer relu = new Layer.Activate(Activation.RELU);
        Layer pool = new Layer.MaxPool(Window.square(2, 2, 0));
        return List.of(
                new Layer.Conv2d(6, Window.square(5, 1, 2), 1),
                relu,
                pool,
                new Layer.Conv2d(16, Window.square(5, 1, 0), 1),
                relu,
                pool,
                new Layer.Flatten(),
                new Layer.Dense(120),
                relu,
                new Layer.Dense(84),
                relu,
                new Layer.Dense(outputs));
    }

    /**
     * Stacked recurrent layers, and a dense one on the last time's state.
     *
     * @param layers 1 or more
     */
    public static List<Layer> lstm(int hidden, int layers, int outputs) {
        List<Layer> list = new ArrayList<>();
        for (int layer = 1; layer <= layers; layer++) {
            list.add(new Layer.Lstm(hidden, layer < layers));
        }
        list.add(new Layer.Dense(outputs));
        return List.copyOf(list);
    }

    /**
     * A Transformer's encoder over tokens.
     *
     * @param feedForward width of the hidden layer of each block
     * @param causal whether a token sees only those before it, as a language model's must
     * @param tied whether the embedding's table is the last layer's weight too
     * @param normFirst norms before each part (Xiong et al. 2020), and one at the end; else after each, as in Vaswani et al. 2017
     * @param sparse whether a step changes only the rows of the embedding that its tokens have; not together with {@code tied}
     */
    public record Transformer(
            int vocabulary,
            int width,
            int heads,
            int layers,
            int feedForward,
            float dropout,
            Layer.Positions.Encoding positions,
            Activation activation,
            boolean causal,
            boolean tied,
            boolean normFirst,
            boolean sparse) {
        /** Its embedding is not sparse. */
        public Transformer(
                int vocabulary,
                int width,
                int heads,
                int layers,
                int feedForward,
                float dropout,
                Layer.Positions.Encoding positions,
                Activation activation,
                boolean causal,
                boolean tied,
                boolean normFirst) {
            this(
                    vocabulary,
                    width,
                    heads,
                    layers,
                    feedForward,
                    dropout,
                    positions,
                    activation,
                    causal,
                    tied,
                    normFirst,
                    false);
        }

        /**
         * Logits for every time, or one for the mean over time.
         *
         * @param outputs what a time, or a sample, is classified as
         */
        public List<Layer> layers(int outputs, boolean everyTime) {
            return behind(
                    new Layer.Embedding(vocabulary, width, Layer.Embedding.SMALL_DEVIATION, sparse),
                    outputs,
                    everyTime);
        }

        /** The same over [time, in], as the rows of an image: a dense layer stands where tokens have their embedding. For the mean over time. */
        public List<Layer> overNumbers(int outputs) {
            return behind(new Layer.Dense(width), outputs, false);
        }

        private List<Layer> behind(Layer first, int outputs, boolean everyTime) {
            List<Layer> list = new ArrayList<>();
            list.add(first);
            list.add(new Layer.Positions(positions));
            addDropout(list);
            for (int layer = 0; layer < layers; layer++) {
                addBlock(list, List.of(new Layer.Attention(heads, causal)));
                addBlock(list, perceptron());
            }
            if (normFirst) {
                list.add(new Layer.LayerNorm(NORM_EPSILON));
            }
            if (!everyTime) {
                list.add(new Layer.Mean());
            }
            list.add(tied ? new Layer.TiedDense() : new Layer.Dense(outputs));
            return List.copyOf(list);
        }

        private List<Layer> perceptron() {
            List<Layer> list = new ArrayList<>();
            list.add(new Layer.Dense(feedForward));
            list.add(new Layer.Activate(activation));
            addDropout(list);
            list.add(new Layer.Dense(width));
            return list;
        }

        private void addBlock(List<Layer> list, List<Layer> part) {
            List<Layer> residual = new ArrayList<>();
            Layer norm = new Layer.LayerNorm(NORM_EPSILON);
            if (normFirst) {
                residual.add(norm);
            }
            residual.addAll(part);
            addDropout(residual);
            list.add(new Layer.Residual(residual));
            if (!normFirst) {
                list.add(norm);
            }
        }

        private void addDropout(List<Layer> list) {
            if (dropout > 0) {
                list.add(new Layer.Dropout(dropout));
            }
        }
    }
}
