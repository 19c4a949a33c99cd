package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendProvider;

/** Where there is an NVIDIA GPU: {@code auto} takes it. */
public final class CudaBackendProvider implements BackendProvider {
    private static final int BEFORE_CPU = 10;

    @Override
    public String name() {
        return CudaBackend.NAME;
    }

    @Override
    public int preference() {
        return BEFORE_CPU;
    }

    /** @param threads of no meaning here */
    @Override
    public Backend create(int threads) {
        return new CudaBackend(CudaDevice.open());
    }
}
