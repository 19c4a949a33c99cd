package dev.tutti.tensor.peer;

import static dev.tutti.tensor.backend.Closeness.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.tensor.backend.cuda.EmulatedCuda;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.peer.TorchPresetsTest.Case;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The presets on a GPU against libtorch; in the emulator, which is slow, the small ones. */
@ExtendWith(EmulatedCuda.class)
class TorchCudaTest {
    private static final double BF16_TOLERANCE = 2e-2;

    static Stream<Case> cases() {
        return TorchPresetsTest.cases().filter(model -> EmulatedCuda.isThereADevice() || model.isSmall());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossAndGradientsAgree(Case model) {
        TorchPresetsTest.compare(
                model,
                "cuda",
                ElementType.F32,
                (what, actual, expected) -> assertClose(what, actual, expected, TorchPresetsTest.F32_TOLERANCE));
    }

    /** Libtorch's numbers are of f32. Where 8 bits turn a relu or the largest of a window to the other side, a gradient is another one: so most of them are to agree. */
    @ParameterizedTest
    @MethodSource("cases")
    void lossAndMostGradientsAgreeInHalfTheBits(Case model) {
        List<Double> distances = new ArrayList<>();
        TorchPresetsTest.compare(
                model, "cuda", ElementType.BF16, (_, actual, expected) -> distances.add(distance(actual, expected)));
        assertThat(distances.getFirst()).as("of the loss").isLessThan(BF16_TOLERANCE);
        List<Double> gradients =
                distances.subList(1, distances.size()).stream().sorted().toList();
        assertThat(gradients.get(gradients.size() / 2)).as("of gradients").isLessThan(BF16_TOLERANCE);
    }

    /** By their length. */
    private static double distance(float[] actual, float[] expected) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow((double) actual[i] - expected[i], 2);
            size += Math.pow(expected[i], 2);
        }
        return Math.sqrt(difference / size);
    }
}
