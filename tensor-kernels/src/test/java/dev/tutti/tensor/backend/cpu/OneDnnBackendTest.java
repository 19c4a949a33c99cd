package dev.tutti.tensor.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendContract;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class OneDnnBackendTest extends BackendContract {
    @BeforeAll
    static void libraryIsThere() {
        assumeTrue(OneDnn.isEnabled(), OneDnn::reason);
    }

    @Override
    protected Backend backend() {
        return CpuBackend.oneDnn(1);
    }

    @Test
    void numericsNameVersionInstructionSetAndThreads() {
        assertThat(CpuBackend.oneDnn(2).numerics())
                .matches("cpu: oneDNN 3\\.\\d+\\.\\d+, instruction set 0x[0-9a-f]+, threads 2");
    }
}
