package dev.tutti.tensor.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LossScaleTest {
    @Test
    void itDoublesAfterCleanStepsInARowAndHalvesOnAnOverflow() {
        LossScale scale = LossScale.first(8, 3).clean().clean();
        assertThat(scale.value()).isEqualTo(8);
        assertThat(scale.clean()).isEqualTo(new LossScale(16, 3, 0, 0));
        assertThat(scale.overflowed()).isEqualTo(new LossScale(4, 3, 0, 1));
        assertThat(scale.overflowed().clean().clean().value()).isEqualTo(4);
        assertThat(scale.overflowed().clean().clean().clean().value()).isEqualTo(8);
    }

    @Test
    void itStaysAtOne() {
        assertThat(LossScale.first(1, 3).overflowed()).isEqualTo(new LossScale(1, 3, 0, 1));
    }

    @Test
    void onlyPowersOfTwoLoseNoBits() {
        assertThatThrownBy(() -> LossScale.first(1000, 3))
                .hasMessage("A loss scale is a power of two, 1 or more, got 1000.0");
        assertThatThrownBy(() -> LossScale.first(0.5, 3)).isInstanceOf(IllegalArgumentException.class);
    }
}
