package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Backend;

class PortableBackendTest extends CpuBackendContract {
    @Override
    protected Backend backend() {
        return CpuBackend.portable();
    }
}
