package dev.tutti.tensor.peer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.tensor.optimizer.Adagrad;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.RmsProp;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.optimizer.UpdateRule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdagradOptions;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.RMSprop;
import org.bytedeco.pytorch.RMSpropOptions;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every update rule against libtorch's, on the same drawn gradients. */
class TorchOptimizersTest {
    private static final int ELEMENTS = 3000;
    private static final int STEPS = 20;
    private static final float TOLERANCE = 2e-6f;

    record Pair(String name, UpdateRule rule, Regularization regularization, Function<TensorVector, Optimizer> torch) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Pair> pairs() {
        return Stream.of(
                pair("sgd", new Sgd(0.05, 0), p -> new SGD(p, new SGDOptions(0.05))),
                pair("momentum", new Sgd(0.05, 0.9), p -> sgd(p, 0.9, false)),
                pair("nesterov", new Sgd(0.05, 0.9, true), p -> sgd(p, 0.9, true)),
                pair("rmsprop", new RmsProp(0.01, 0.99, 1e-8, 0), p -> rmsprop(p, 0)),
                pair("rmsprop with momentum", new RmsProp(0.01, 0.99, 1e-8, 0.9), p -> rmsprop(p, 0.9)),
                pair("adagrad", new Adagrad(0.01, 0.1, 1e-10), TorchOptimizersTest::adagrad),
                pair("adam", new Adam(1e-3, 0.9, 0.999, 1e-8), p -> adam(p, 0)),
                new Pair("adam with l2", new Adam(1e-3, 0.9, 0.999, 1e-8), l2(0.1), p -> adam(p, 0.1)),
                new Pair("adamw", new Adam(1e-3, 0.9, 0.999, 1e-8), decay(0.1), TorchOptimizersTest::adamW));
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void manyUpdatesAgree(Pair pair) {
        try (PointerScope _ = new PointerScope();
                Arena arena = Arena.ofConfined()) {
            SplittableRandom random = new SplittableRandom(11);
            float[] first = draw(random);
            MemorySegment ours = arena.allocateFrom(JAVA_FLOAT, first);
            Tensor theirs = torch.tensor(first).clone().set_requires_grad(true);
            SliceOptimizer optimizer = new SliceOptimizer(pair.rule, pair.regularization);
            Optimizer torchOptimizer = pair.torch.apply(new TensorVector(theirs));
            var state = IntStream.range(0, optimizer.stateSlots())
                    .mapToObj(_ -> arena.allocate(JAVA_FLOAT, ELEMENTS))
                    .toList();
            for (int step = 1; step <= STEPS; step++) {
                float[] gradient = draw(random);
                optimizer.apply(ours, ours, arena.allocateFrom(JAVA_FLOAT, gradient), 1, state, ELEMENTS, step);
                theirs.mutable_grad().put(torch.tensor(gradient).clone());
                torchOptimizer.step();
            }
            float[] expected = new float[ELEMENTS];
            new FloatPointer(theirs.data_ptr()).get(expected);
            assertThat(ours.toArray(JAVA_FLOAT)).containsExactly(expected, within(TOLERANCE));
        }
    }

    private static Pair pair(String name, UpdateRule rule, Function<TensorVector, Optimizer> torch) {
        return new Pair(name, rule, Regularization.NONE, torch);
    }

    private static Regularization l2(double factor) {
        return new Regularization(0, factor, 0, Double.POSITIVE_INFINITY);
    }

    private static Regularization decay(double factor) {
        return new Regularization(0, 0, factor, Double.POSITIVE_INFINITY);
    }

    private static Optimizer sgd(TensorVector parameters, double momentum, boolean nesterov) {
        SGDOptions options = new SGDOptions(0.05);
        options.momentum().put(momentum);
        options.nesterov().put(nesterov);
        return new SGD(parameters, options);
    }

    private static Optimizer rmsprop(TensorVector parameters, double momentum) {
        RMSpropOptions options = new RMSpropOptions(0.01);
        options.momentum().put(momentum);
        return new RMSprop(parameters, options);
    }

    private static Optimizer adagrad(TensorVector parameters) {
        AdagradOptions options = new AdagradOptions(0.01);
        options.lr_decay().put(0.1);
        return new org.bytedeco.pytorch.Adagrad(parameters, options);
    }

    private static Optimizer adam(TensorVector parameters, double weightDecay) {
        AdamOptions options = new AdamOptions(1e-3);
        options.weight_decay().put(weightDecay);
        return new org.bytedeco.pytorch.Adam(parameters, options);
    }

    private static Optimizer adamW(TensorVector parameters) {
        AdamWOptions options = new AdamWOptions(1e-3);
        options.weight_decay().put(0.1);
        return new AdamW(parameters, options);
    }

    private static float[] draw(SplittableRandom random) {
        float[] values = new float[ELEMENTS];
        for (int i = 0; i < ELEMENTS; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }
}
