package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendContract;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;

/** In the emulator, where CUDA is not. */
@ExtendWith(EmulatedCuda.class)
class CudaBackendTest extends BackendContract {
    private static CudaBackend backend;

    @BeforeAll
    static void open() {
        backend = new CudaBackend(CudaDevice.open());
    }

    @Override
    protected Backend backend() {
        return backend;
    }

    @Override
    protected boolean allocatesNothing() {
        return false;
    }
}
