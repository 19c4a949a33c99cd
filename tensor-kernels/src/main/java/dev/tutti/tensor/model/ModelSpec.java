package dev.tutti.tensor.model;

import java.util.List;
import java.util.stream.Stream;

/** What a model is, without its rows, its loss or its precision. */
public sealed interface ModelSpec {
    /** Numbers in a sample. */
    int inputs();

    /** Numbers the model gives for a sample: classes, or regression targets. */
    int outputs();

    /**
     * A multi-layer perceptron: dense layers, a relu after each but the last.
     *
     * @param hidden sizes of the layers between; may be empty
     */
    record Mlp(int inputs, List<Integer> hidden, int outputs) implements ModelSpec {
        public Mlp {
            hidden = List.copyOf(hidden);
            if (inputs < 1 || outputs < 1 || hidden.stream().anyMatch(size -> size < 1)) {
                throw new IllegalArgumentException("an mlp needs sizes of 1 or more, got inputs " + inputs + ", hidden "
                        + hidden + ", outputs " + outputs);
            }
        }

        /** Sizes from input to output, one more than there are layers. */
        List<Integer> sizes() {
            return Stream.of(List.of(inputs), hidden, List.of(outputs))
                    .flatMap(List::stream)
                    .toList();
        }
    }
}
