package dev.tutti.tensor.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SliceOptimizerTest {
    private static final int ELEMENTS = 5000;
    private static final int UPDATES = 4;

    static Stream<UpdateRule> rules() {
        return Stream.of(
                new Sgd(0.1, 0),
                new Sgd(0.1, 0.9),
                new Sgd(0.1, 0.9, true),
                new RmsProp(0.01, 0.99, 1e-8, 0),
                new RmsProp(0.01, 0.99, 1e-8, 0.9),
                new Adagrad(0.01, 0.1, 1e-10),
                new Adam(0.001, 0.9, 0.999, 1e-8));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void anyCutIntoSlicesGivesTheSameBits(UpdateRule rule) {
        float[] whole = train(rule, ELEMENTS);
        for (int slice : new int[] {1, 7, 1000, 1023, 1025, 4999}) {
            assertThat(train(rule, slice)).as("slices of %d", slice).containsExactly(whole);
        }
    }

    @Test
    void sgdFollowsItsFormula() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment p = arena.allocateFrom(JAVA_FLOAT, 1, -2);
            MemorySegment g = arena.allocateFrom(JAVA_FLOAT, 0.5f, 4);
            MemorySegment v = arena.allocate(8, 4);
            SliceOptimizer sgd = plain(new Sgd(0.1, 0.9));
            sgd.apply(p, p, g, 1, List.of(v), 2, 1);
            assertThat(p.toArray(JAVA_FLOAT)).containsExactly(new float[] {0.95f, -2.4f}, within(1e-6f));
            sgd.apply(p, p, g, 1, List.of(v), 2, 2);
            assertThat(p.toArray(JAVA_FLOAT)).containsExactly(new float[] {0.855f, -3.16f}, within(1e-6f));
        }
    }

    @Test
    void adamsFirstStepIsTheRateWhateverTheGradient() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment p = arena.allocateFrom(JAVA_FLOAT, 1, 1, 1);
            MemorySegment g = arena.allocateFrom(JAVA_FLOAT, 1e-3f, -50, 0);
            SliceOptimizer adam = plain(new Adam(0.01, 0.9, 0.999, 1e-8));
            adam.apply(p, p, g, 1, List.of(arena.allocate(12, 4), arena.allocate(12, 4)), 3, 1);
            assertThat(p.toArray(JAVA_FLOAT)).containsExactly(new float[] {0.99f, 1.01f, 1f}, within(1e-6f));
        }
    }

    @Test
    void oldParametersStayWhenTheNewOnesGoElsewhere() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment p = arena.allocateFrom(JAVA_FLOAT, 1);
            MemorySegment next = arena.allocateFrom(JAVA_FLOAT, 0);
            plain(new Sgd(1, 0)).apply(p, next, arena.allocateFrom(JAVA_FLOAT, 3), 1, List.of(), 1, 1);
            assertThat(p.get(JAVA_FLOAT, 0)).isEqualTo(1);
            assertThat(next.get(JAVA_FLOAT, 0)).isEqualTo(-2);
        }
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new Sgd(0, 0)).hasMessage("rate must be more than 0, got 0.0");
        assertThatThrownBy(() -> new Sgd(1, 1)).hasMessage("momentum must be in [0, 1), got 1.0");
        assertThatThrownBy(() -> new Sgd(1, 0, true)).hasMessage("nesterov needs a momentum of more than 0");
        assertThatThrownBy(() -> new RmsProp(1, 1, 0, 0)).hasMessage("alpha must be in [0, 1), got 1.0");
        assertThatThrownBy(() -> new Adagrad(1, -1, 0)).hasMessage("rateDecay must be 0 or more, got -1.0");
        assertThatThrownBy(() -> new Regularization(0, 0, 0, 0)).hasMessage("clip must be more than 0, got 0.0");
        assertThatThrownBy(() -> new Adam(1, 0.9, 1.5, 0)).hasMessage("beta2 must be in [0, 1), got 1.5");
        assertThatThrownBy(() -> new Adam(1, 0.9, 0.9, Double.NaN)).hasMessage("epsilon must be 0 or more, got NaN");
    }

    @Test
    void gradientIsScaledThenClippedThenRegularized() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment p = arena.allocateFrom(JAVA_FLOAT, 2, -2, 0);
            MemorySegment g = arena.allocateFrom(JAVA_FLOAT, 10, -1, Float.NaN);
            SliceOptimizer sgd = new SliceOptimizer(new Sgd(0.1, 0), new Regularization(0.5, 0.25, 2, 3));
            sgd.apply(p, p, g, 0.5f, List.of(), 3, 1);
            // p·(1 − 0.1·2), then − 0.1·(clamp(g/2, ±3) + 0.5·sign(p) + 0.25·p) of that p.
            assertThat(p.getAtIndex(JAVA_FLOAT, 0)).isEqualTo(1.6f - 0.1f * (3 + 0.5f + 0.4f), within(1e-6f));
            assertThat(p.getAtIndex(JAVA_FLOAT, 1)).isEqualTo(-1.6f - 0.1f * (-0.5f - 0.5f - 0.4f), within(1e-6f));
            assertThat(p.getAtIndex(JAVA_FLOAT, 2)).isNaN();
            assertThat(g.getAtIndex(JAVA_FLOAT, 0)).as("only read").isEqualTo(10);
        }
    }

    private static SliceOptimizer plain(UpdateRule rule) {
        return new SliceOptimizer(rule, Regularization.NONE);
    }

    /** Some updates of all elements, {@code slice} of them at a time. */
    private static float[] train(UpdateRule rule, int slice) {
        try (Arena arena = Arena.ofConfined()) {
            SplittableRandom random = new SplittableRandom(3);
            MemorySegment p = draw(random, arena);
            SliceOptimizer optimizer = new SliceOptimizer(rule, new Regularization(0.01, 0.02, 0.03, 0.9));
            var state = IntStream.range(0, optimizer.stateSlots())
                    .mapToObj(_ -> arena.allocate(JAVA_FLOAT, ELEMENTS))
                    .toList();
            for (int update = 1; update <= UPDATES; update++) {
                MemorySegment g = draw(random, arena);
                for (int first = 0; first < ELEMENTS; first += slice) {
                    long count = Math.min(slice, ELEMENTS - first);
                    long offset = (long) first * Float.BYTES;
                    optimizer.apply(
                            p.asSlice(offset),
                            p.asSlice(offset),
                            g.asSlice(offset),
                            1,
                            state.stream().map(slot -> slot.asSlice(offset)).toList(),
                            count,
                            update);
                }
            }
            return p.toArray(JAVA_FLOAT);
        }
    }

    private static MemorySegment draw(SplittableRandom random, Arena arena) {
        MemorySegment segment = arena.allocate(JAVA_FLOAT, ELEMENTS);
        for (int i = 0; i < ELEMENTS; i++) {
            segment.setAtIndex(JAVA_FLOAT, i, (float) random.nextDouble(-1, 1));
        }
        return segment;
    }
}
