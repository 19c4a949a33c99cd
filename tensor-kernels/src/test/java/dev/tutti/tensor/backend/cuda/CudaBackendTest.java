package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendContract;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;

/** In the emulator, where CUDA is not. */
@ExtendWith(EmulatedCuda.class)
class CudaBackendTest extends BackendContract {
    /** So that small models have several. */
    private static final long PIECE_BYTES = 256;

    private static CudaBackend backend;

    @BeforeAll
    static void open() {
        backend = new CudaBackend(CudaDevice.open(), PIECE_BYTES);
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
