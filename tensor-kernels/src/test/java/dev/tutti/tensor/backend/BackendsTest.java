package dev.tutti.tensor.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BackendsTest {
    @Test
    void autoIsTheCpuAndNeverTheReference() {
        assertThat(Backends.select("auto", 1).name()).isEqualTo("cpu");
    }

    @Test
    void forcedChoiceIsTaken() {
        assertThat(Backends.select("reference", 1).name()).isEqualTo("reference");
    }

    @Test
    void unknownChoiceNamesThoseThereAre() {
        assertThatThrownBy(() -> Backends.select("tpu", 1))
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessage("no backend \"tpu\"; there are auto, cpu, reference");
    }

    @Test
    void noThreadsIsRefused() {
        assertThatThrownBy(() -> Backends.select("auto", 0))
                .hasMessage("a backend needs 1 compute thread or more, got 0");
    }
}
