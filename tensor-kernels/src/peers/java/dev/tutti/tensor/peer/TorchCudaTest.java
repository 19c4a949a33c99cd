package dev.tutti.tensor.peer;

import dev.tutti.tensor.backend.cuda.EmulatedCuda;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.peer.TorchPresetsTest.Case;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The presets on a GPU against libtorch; in the emulator, which is slow, the small ones. */
@ExtendWith(EmulatedCuda.class)
class TorchCudaTest {
    /** Of sums whose addends are rounded to 8 bits. */
    private static final double BF16_TOLERANCE = 2e-2;

    static Stream<Case> cases() {
        return TorchPresetsTest.cases().filter(model -> EmulatedCuda.isThereADevice() || model.isSmall());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossAndGradientsAgree(Case model) {
        TorchPresetsTest.lossAndGradientsAgree(model, "cuda", ElementType.F32, TorchPresetsTest.F32_TOLERANCE);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossAndGradientsAgreeInHalfTheBits(Case model) {
        TorchPresetsTest.lossAndGradientsAgree(model, "cuda", ElementType.BF16, BF16_TOLERANCE);
    }
}
