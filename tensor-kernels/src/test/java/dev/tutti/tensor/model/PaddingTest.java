package dev.tutti.tensor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.graph.ElementType;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A sample is to a model what it is without its padding. */
class PaddingTest {
    private static final int PADDING = 0;
    private static final int VOCABULARY = 7;
    private static final Layer EMBEDDING = new Layer.Embedding(VOCABULARY, 6, 1);

    @ParameterizedTest
    @CsvSource({"reference, mean", "cpu, mean", "reference, lstm", "cpu, lstm", "reference, attention", "cpu, attention"
    })
    void paddedTimesCountNothing(String backend, String layer) {
        List<Layer> layers = switch (layer) {
            case "mean" -> List.of(EMBEDDING, new Layer.Mean(), new Layer.Dense(3));
            case "lstm" -> List.of(EMBEDDING, new Layer.Lstm(5, true), new Layer.Lstm(4, false), new Layer.Dense(3));
            default -> List.of(EMBEDDING, new Layer.Attention(2, false), new Layer.Mean(), new Layer.Dense(3));
        };
        float[] expected = logits(backend, layers, 3, 1, 4);
        float[] padded = logits(backend, layers, 3, 1, 4, PADDING, PADDING);
        assertThat(padded).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(padded[i]).isEqualTo(expected[i], within(1e-6f));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void aSampleOfPaddingAloneIsZero(String backend) {
        float[] logits = logits(backend, List.of(EMBEDDING, new Layer.Mean()), PADDING, PADDING);
        assertThat(logits).containsOnly(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 6})
    void aTimeThatIsNoIdsHasNoPadding(int time) {
        List<Layer> layers = List.of(EMBEDDING, new Layer.Reshape(List.of(time, 24 / time)), new Layer.Mean());
        assertThatThrownBy(() -> logits("reference", layers, 1, 2, 3, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "mean-1: expected a time for each of the 4 tokens, to tell which are padding, got %1$d; its input is [%1$d, %2$d] for each sample"
                                .formatted(time, 24 / time));
    }

    /** Parameters do not depend on the length. */
    private static float[] logits(String backend, List<Layer> layers, int... ids) {
        ModelSpec spec = new ModelSpec(new ModelInput.Tokens(ids.length, OptionalInt.of(PADDING)), layers);
        try (Execution execution = new Execution(
                Backends.select(backend, 1),
                Models.evaluation(spec, Objective.of(Task.CROSS_ENTROPY), 1, ElementType.F32))) {
            for (int i = 0; i < ids.length; i++) {
                execution.input(Models.FEATURES).set(i, ids[i]);
            }
            return execution.run().output(Models.LOGITS);
        }
    }
}
