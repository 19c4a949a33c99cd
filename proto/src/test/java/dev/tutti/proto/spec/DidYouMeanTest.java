package dev.tutti.proto.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DidYouMeanTest {
    private static final List<String> KEYS = List.of("parameter-servers", "workers", "slices");

    @Test
    void findsWhatWasProbablyMeant() {
        assertThat(DidYouMean.suggest("paramter-server", KEYS)).contains("parameter-servers");
        assertThat(DidYouMean.suggest("Slice", KEYS)).contains("slices");
        assertThat(DidYouMean.hint("worker", KEYS)).isEqualTo(" (did you mean workers?)");
    }

    @Test
    void saysNothingAboutWordsThatAreFarOff() {
        assertThat(DidYouMean.suggest("optimizer", KEYS)).isEmpty();
        assertThat(DidYouMean.hint("optimizer", KEYS)).isEmpty();
        assertThat(DidYouMean.suggest("", KEYS)).isEmpty();
    }
}
