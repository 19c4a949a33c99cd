package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.TrainerContract;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;

/** On a device or in the emulator. */
@ExtendWith(EmulatedCuda.class)
class CudaTrainerTest extends TrainerContract {
    private static CudaBackend backend;

    @BeforeAll
    static void open() {
        backend = new CudaBackend(CudaDevice.open());
    }

    @Override
    protected Backend backend() {
        return backend;
    }
}
