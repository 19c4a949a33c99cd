package dev.tutti.tensor.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BFloat16Test {
    @Test
    void halfwayRoundsToTheEvenNeighbour() {
        assertThat(BFloat16.fromFloat(Float.intBitsToFloat(0x3f808000))).isEqualTo((short) 0x3f80);
        assertThat(BFloat16.fromFloat(Float.intBitsToFloat(0x3f818000))).isEqualTo((short) 0x3f82);
        assertThat(BFloat16.fromFloat(Float.intBitsToFloat(0x3f808001))).isEqualTo((short) 0x3f81);
        assertThat(BFloat16.fromFloat(Float.intBitsToFloat(0x3f817fff))).isEqualTo((short) 0x3f81);
    }

    @Test
    void everyValueSurvivesTheWayThereAndBack() {
        for (int bits = 0; bits <= 0xffff; bits++) {
            float value = BFloat16.toFloat((short) bits);
            if (!Float.isNaN(value)) {
                assertThat(BFloat16.fromFloat(value)).isEqualTo((short) bits);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0x7f800001, 0x7fc00000, 0x7fffffff, 0xffffffff, 0xff800001})
    void notANumberStaysOne(int bits) {
        assertThat(BFloat16.toFloat(BFloat16.fromFloat(Float.intBitsToFloat(bits))))
                .isNaN();
    }

    @Test
    void largestFloatsRoundToInfinity() {
        assertThat(BFloat16.toFloat(BFloat16.fromFloat(Float.MAX_VALUE))).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(BFloat16.toFloat(BFloat16.fromFloat(-Float.MAX_VALUE))).isEqualTo(Float.NEGATIVE_INFINITY);
    }

    @Test
    void errorIsAtMostHalfAStep() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 10_000; i++) {
            float value = (float) random.nextDouble(-1e3, 1e3);
            float rounded = BFloat16.toFloat(BFloat16.fromFloat(value));
            assertThat(Math.abs(rounded - value)).isLessThanOrEqualTo(Math.abs(value) / 256);
        }
    }
}
