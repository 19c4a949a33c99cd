package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Backend;

class OneDnnTwoThreadsBackendTest extends OneDnnBackendTest {
    @Override
    protected Backend backend() {
        return CpuBackend.oneDnn(2);
    }
}
