package dev.tutti.benchmarks.step;

import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.model.Layer;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * A model to measure.
 *
 * @param batch samples of a step
 * @param precision what products read
 */
record BenchModel(
        String name, ModelSpec spec, Objective objective, SliceOptimizer optimizer, int batch, ElementType precision) {
    private static final int CLASSES = 10;
    private static final int VOCABULARY = 256;
    private static final int WIDTH = 256;
    /** So small that thousands of steps do not fit the one batch: gradients would become denormal numbers, which are slow. */
    private static final double RATE = 1e-7;

    /** The shapes in which the presets are compared with PyTorch. */
    enum Preset {
        MLP,
        LENET,
        LSTM,
        TRANSFORMER,
        GPT2;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        BenchModel model() {
            return switch (this) {
                case MLP ->
                    new BenchModel(
                            label(),
                            ModelSpec.mlp(784, List.of(256, 128, 64), CLASSES),
                            Objective.of(Task.CROSS_ENTROPY),
                            adam(),
                            128,
                            ElementType.F32);
                case LENET -> images(label(), Presets.lenet(CLASSES), sgd());
                case LSTM -> images(label(), Presets.lstm(256, 2, CLASSES), adam());
                case TRANSFORMER ->
                    new BenchModel(
                            label(),
                            new ModelSpec(new ModelInput.Tokens(128, OptionalInt.empty()), transformer()),
                            Objective.of(Task.CROSS_ENTROPY),
                            adam(),
                            8,
                            ElementType.F32);
                case GPT2 ->
                    new BenchModel(
                            label(),
                            new ModelSpec(new ModelInput.Tokens(1024, OptionalInt.empty()), gpt2()),
                            Objective.of(Task.CROSS_ENTROPY),
                            adam(),
                            4,
                            ElementType.F32);
            };
        }

        static Optional<Preset> named(String name) {
            return Arrays.stream(values())
                    .filter(preset -> preset.label().equals(name))
                    .findFirst();
        }

        static String names() {
            return Arrays.stream(values()).map(Preset::label).collect(Collectors.joining(", "));
        }
    }

    BenchModel with(int otherBatch, ElementType otherPrecision) {
        return new BenchModel(name, spec, objective, optimizer, otherBatch, otherPrecision);
    }

    private static BenchModel images(String name, List<Layer> layers, SliceOptimizer optimizer) {
        return new BenchModel(
                name,
                new ModelSpec(new ModelInput.Numbers(List.of(28, 28)), layers),
                Objective.of(Task.CROSS_ENTROPY),
                optimizer,
                64,
                ElementType.F32);
    }

    /** As PyTorch's {@code nn.TransformerEncoder} by default: norms behind each part, relu. */
    private static List<Layer> transformer() {
        return new Presets.Transformer(
                        VOCABULARY,
                        WIDTH,
                        4,
                        4,
                        4 * WIDTH,
                        0,
                        Layer.Positions.Encoding.LEARNED,
                        Activation.RELU,
                        false,
                        false,
                        false)
                .layers(VOCABULARY, true);
    }

    /** The smallest of Radford et al. 2019, 124 million parameters. */
    private static List<Layer> gpt2() {
        int vocabulary = 50_257;
        int width = 768;
        return new Presets.Transformer(
                        vocabulary,
                        width,
                        12,
                        12,
                        4 * width,
                        0,
                        Layer.Positions.Encoding.LEARNED,
                        Activation.GELU,
                        true,
                        true,
                        true)
                .layers(vocabulary, true);
    }

    private static SliceOptimizer adam() {
        return new SliceOptimizer(new Adam(RATE, 0.9, 0.999, 1e-8), Regularization.NONE);
    }

    private static SliceOptimizer sgd() {
        return new SliceOptimizer(new Sgd(RATE, 0), Regularization.NONE);
    }
}
