package dev.tutti.tensor.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
                .hasMessage("no backend \"tpu\"; there are auto, cuda, cpu, reference");
    }

    @Test
    void noThreadsIsRefused() {
        assertThatThrownBy(() -> Backends.select("auto", 0))
                .hasMessage("a backend needs 1 compute thread or more, got 0");
    }

    @Test
    void pluginsMustBeAFolderWithJars(@TempDir Path empty) {
        assertThatThrownBy(() -> Backends.select("nd4j", 1, Optional.of(empty)))
                .isInstanceOf(BackendUnavailableException.class)
                .hasMessage("the plug-ins' folder " + empty + " has no jars");
        assertThatThrownBy(() -> Backends.select("nd4j", 1, Optional.of(empty.resolve("nothing"))))
                .hasMessage("the plug-ins' folder " + empty.resolve("nothing") + " is not there");
    }
}
