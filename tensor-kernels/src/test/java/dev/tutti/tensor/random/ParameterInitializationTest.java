package dev.tutti.tensor.random;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.graph.Initializer;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ParameterInitializationTest {
    private static final Initializer UNIFORM = new Initializer.Uniform(0.25f);

    @Test
    void anyCutOfATensorGivesTheSameElements() {
        float[] whole = fill("dense-1.weight", UNIFORM, 0, 1000);
        for (int cut : new int[] {1, 2, 3, 499, 998}) {
            assertThat(fill("dense-1.weight", UNIFORM, cut, 1000 - cut))
                    .containsExactly(Arrays.copyOfRange(whole, cut, 1000));
        }
    }

    @Test
    void uniformElementsLieWithinTheBoundAndUseAllOfIt() {
        float[] elements = fill("dense-1.weight", UNIFORM, 0, 20_000);
        for (float element : elements) {
            assertThat(element).isBetween(-0.25f, 0.25f);
        }
        Arrays.sort(elements);
        assertThat(elements[0]).isLessThan(-0.2499f);
        assertThat(elements[elements.length - 1]).isGreaterThan(0.2499f);
        assertThat(elements[elements.length / 2]).isBetween(-0.01f, 0.01f);
    }

    @Test
    void tensorsOfOneSeedDiffer() {
        assertThat(fill("dense-1.weight", UNIFORM, 0, 8)).isNotEqualTo(fill("dense-2.weight", UNIFORM, 0, 8));
    }

    @Test
    void constantIsEverywhere() {
        assertThat(fill("norm.scale", new Initializer.Constant(1), 5, 3)).containsExactly(1, 1, 1);
    }

    @Test
    void boundOfALinearLayerIsOneOverTheRootOfItsInputs() {
        assertThat(Initializer.Uniform.fanIn(784).bound()).isEqualTo((float) (1 / 28.0));
    }

    private static float[] fill(String tensor, Initializer initializer, long first, int count) {
        MemorySegment target = MemorySegment.ofArray(new float[count]);
        ParameterInitialization.fill(7, tensor, initializer, first, count, target);
        return target.toArray(JAVA_FLOAT);
    }
}
