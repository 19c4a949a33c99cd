package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.CpuContract;

class PortableBackendTest extends CpuContract {
    @Override
    protected Backend backend() {
        return CpuBackend.portable();
    }
}
