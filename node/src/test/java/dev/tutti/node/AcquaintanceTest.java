package dev.tutti.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class AcquaintanceTest {
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final Duration LONG = Duration.ofMinutes(1);

    @Test
    void aYoungOneMayBeSilentForLonger() {
        Acquaintance young = Acquaintance.made();
        assertThat(young.silence(SHORT)).isEqualTo(Duration.ofSeconds(20));
        assertThat(young.silence(LONG)).isEqualTo(LONG);
        assertThat(Acquaintance.pauseInYouth(SHORT)).isEqualTo(Duration.ofSeconds(6));
        assertThat(Acquaintance.pauseInYouth(LONG)).isEqualTo(LONG);
    }

    @Test
    void anOldOneMayBeSilentForAsLongAsConfigured() {
        var old = new Acquaintance(System.nanoTime() - Duration.ofSeconds(31).toNanos());
        assertThat(old.isYoung()).isFalse();
        assertThat(old.silence(SHORT)).isEqualTo(SHORT);
    }
}
