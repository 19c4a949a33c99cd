package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendContract;

class PortableBackendTest extends BackendContract {
    @Override
    protected Backend backend() {
        return CpuBackend.portable();
    }
}
