package dev.tutti.benchmarks.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.tensor.backend.BackendLostException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BackendOptionsTest {
    @Test
    void unknownBackendNamesTheOthersAndTheOneThatIsMeant() {
        assertThatThrownBy(() -> BackendOptions.backend("cdua", 1, Optional.empty()))
                .hasMessage("--backend must be one of auto, cuda, cpu, reference, got cdua (did you mean cuda?)");
        assertThatThrownBy(() -> BackendOptions.backend("gpu", 1, Optional.empty()))
                .hasMessageEndingWith("got gpu (did you mean cuda?)");
        assertThatThrownBy(() -> BackendOptions.backend("tensorflow", 1, Optional.empty()))
                .hasMessageEndingWith("got tensorflow");
    }

    @Test
    void missingFolderOfPluginsIsNoMistakeInTheBackend() {
        assertThatThrownBy(() -> BackendOptions.backend("auto", 1, Optional.of(Path.of("nothing/here"))))
                .hasMessage("--plugins: the plug-ins' folder nothing/here is not there");
    }

    @Test
    void lostBackendIsOneSentence() {
        BackendLostException loss = new BackendLostException("the GPU is lost to this process: cuEventQuery: 700");
        assertThat(BackendOptions.lost("cuda", loss))
                .hasMessage("backend cuda: the GPU is lost to this process: cuEventQuery: 700")
                .satisfies(failure -> assertThat(failure.exitCode()).isEqualTo(1));
    }
}
