package dev.tutti.tensor.peer;

import static dev.tutti.tensor.backend.Closeness.assertClose;

import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Window;
import dev.tutti.tensor.model.Layer;
import dev.tutti.tensor.model.ModelInput;
import dev.tutti.tensor.model.ModelSpec;
import dev.tutti.tensor.model.Models;
import dev.tutti.tensor.model.Objective;
import dev.tutti.tensor.model.Presets;
import dev.tutti.tensor.model.Task;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole models, forward and backward, from the same weights on the same inputs. */
class TorchPresetsTest {
    static final double F32_TOLERANCE = 1e-4;
    private static final int CLASSES = 10;
    private static final int VOCABULARY = 31;

    record Case(String name, ModelSpec spec, Objective objective, int samples, List<String> backends) {
        /** Small enough for plain loops. */
        boolean isSmall() {
            return backends.contains("reference");
        }

        @Override
        public String toString() {
            return name + " × " + samples;
        }
    }

    static Stream<Case> cases() {
        return Stream.of(
                small("lenet", images(28, 28), Presets.lenet(CLASSES), 3),
                large("lenet", images(28, 28), Presets.lenet(CLASSES), 64),
                large("lenet", images(28, 28), Presets.lenet(CLASSES), 17),
                small("lstm", images(7, 5), Presets.lstm(9, 2, CLASSES), 3),
                large("lstm", images(28, 28), Presets.lstm(256, 2, CLASSES), 64),
                large("lstm", images(28, 28), Presets.lstm(33, 3, CLASSES), 1),
                small("transformer", tokens(9), transformer(16, 2, true, true, true), 2),
                small("transformer, norms behind", tokens(9), transformer(16, 4, false, false, false), 2),
                large("transformer", tokens(128), transformer(256, 4, true, false, true), 8),
                large("transformer, norms behind", tokens(128), transformer(256, 4, true, false, false), 8),
                large("transformer", tokens(33), transformer(48, 3, false, true, true), 1),
                small("layers of one's own", images(8, 9), freeLayers(), 5),
                large("layers of one's own", images(8, 9), freeLayers(), 33),
                binary());
    }

    private static Case small(String name, ModelInput input, List<Layer> layers, int samples) {
        return new Case(
                name,
                new ModelSpec(input, layers),
                Objective.of(Task.CROSS_ENTROPY),
                samples,
                List.of("reference", "cpu"));
    }

    private static Case large(String name, ModelInput input, List<Layer> layers, int samples) {
        return new Case(
                name,
                new ModelSpec(input, layers),
                new Objective(Task.CROSS_ENTROPY, 0.1f, OptionalInt.of(1)),
                samples,
                List.of("cpu"));
    }

    private static ModelInput images(int height, int width) {
        return new ModelInput.Numbers(List.of(height, width));
    }

    private static ModelInput tokens(int length) {
        return new ModelInput.Tokens(length, OptionalInt.empty());
    }

    private static List<Layer> transformer(int width, int heads, boolean causal, boolean tied, boolean normFirst) {
        return new Presets.Transformer(
                        VOCABULARY,
                        width,
                        heads,
                        2,
                        4 * width,
                        0,
                        normFirst ? Layer.Positions.Encoding.LEARNED : Layer.Positions.Encoding.SINUSOIDAL,
                        normFirst ? Activation.GELU : Activation.RELU,
                        causal,
                        tied,
                        normFirst)
                .layers(VOCABULARY, true);
    }

    /** Strides, groups, padding, branches, batch norm, average pooling, tanh, sigmoid, softmax. */
    private static List<Layer> freeLayers() {
        Layer wide = new Layer.Conv2d(6, new Window(3, 2, 1, 1, 1, 1), 1);
        return List.of(
                wide,
                new Layer.Activate(Activation.TANH),
                new Layer.BatchNorm(1e-5f),
                new Layer.Concat(List.of(
                        List.of(new Layer.Conv2d(4, Window.square(3, 1, 1), 2)),
                        List.of(new Layer.MaxPool(Window.square(3, 1, 1))))),
                new Layer.Residual(List.of(
                        new Layer.Conv2d(10, Window.square(1, 1, 0), 1), new Layer.Activate(Activation.SIGMOID))),
                new Layer.AveragePool(Window.square(3, 2, 1)),
                new Layer.Flatten(),
                new Layer.Dense(24),
                new Layer.LayerNorm(1e-5f),
                new Layer.Activate(Activation.GELU),
                new Layer.Softmax(),
                new Layer.Dense(CLASSES));
    }

    private static Case binary() {
        return new Case(
                "several yes or no",
                ModelSpec.mlp(12, List.of(9), 5),
                Objective.of(Task.BINARY_CROSS_ENTROPY),
                7,
                List.of("reference", "cpu"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossAndGradientsAgree(Case model) {
        model.backends.forEach(backend -> lossAndGradientsAgree(model, backend));
    }

    private static void lossAndGradientsAgree(Case model, String backend) {
        compare(
                model,
                backend,
                ElementType.F32,
                (what, actual, expected) -> assertClose(what, actual, expected, F32_TOLERANCE));
    }

    /** Holds one of our tensors against libtorch's. */
    @FunctionalInterface
    interface Comparison {
        void of(String what, float[] actual, float[] expected);
    }

    /** The loss, and the gradients of what is trained. */
    static void compare(Case model, String backend, ElementType compute, Comparison comparison) {
        try (PointerScope _ = new PointerScope();
                Execution ours = new Execution(
                        Backends.select(backend, 1),
                        Models.training(model.spec, model.objective, model.samples, compute))) {
            ours.draw(3, CLASSES).input(Models.GRADIENT_SCALE).set(0, 1.0 / model.samples);
            ours.input(Models.STATISTIC_SCALE).set(0, 1.0 / model.samples);
            TorchModel theirs = TorchModel.copyOf(ours, model.spec, model.objective);
            Tensor loss = theirs.lossSum(ours);
            loss.div(TorchModel.scalar(model.samples)).backward();
            ours.run();
            String what = model + " on " + backend + ": ";
            comparison.of(what + "loss", ours.output(Models.LOSS_SUM), TorchModel.floats(loss));
            for (int i = 0; i < theirs.parameters().size(); i++) {
                Parameter parameter = ours.graph().parameters().get(i);
                if (parameter.update() == Parameter.Update.TRAINED) {
                    comparison.of(
                            what + parameter.name(),
                            ours.gradient(i),
                            TorchModel.floats(theirs.parameters().get(i).grad()));
                }
            }
        }
    }

    /** Short samples are filled with the token 0, which comes last, so that every token sees at least itself. */
    @ParameterizedTest
    @MethodSource("paddedCases")
    void paddingIsIgnored(Case model) {
        for (String backend : model.backends) {
            try (PointerScope _ = new PointerScope();
                    Execution ours = new Execution(
                            Backends.select(backend, 1),
                            Models.evaluation(model.spec, model.objective, model.samples, ElementType.F32))) {
                ours.draw(3, CLASSES);
                int length = model.spec.input().shape().getFirst();
                for (int sample = 0; sample < model.samples; sample++) {
                    for (int t = 0; t < length; t++) {
                        int token = t < 3 + sample ? 1 + (7 * t + sample) % (VOCABULARY - 1) : 0;
                        ours.input(Models.FEATURES).set((long) sample * length + t, token);
                    }
                }
                TorchModel theirs = TorchModel.copyOf(ours, model.spec, model.objective);
                ours.run();
                assertClose(
                        model + " on " + backend,
                        ours.output(Models.LOGITS),
                        TorchModel.floats(theirs.logits(ours)),
                        F32_TOLERANCE);
            }
        }
    }

    static Stream<Case> paddedCases() {
        return Stream.of(true, false)
                .map(causal -> new Case(
                        "padded",
                        new ModelSpec(
                                new ModelInput.Tokens(11, OptionalInt.of(0)), transformer(24, 2, causal, false, true)),
                        Objective.of(Task.CROSS_ENTROPY),
                        4,
                        List.of("reference", "cpu")));
    }
}
