package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendContract;

class ReferenceBackendTest extends BackendContract {
    @Override
    protected Backend backend() {
        return new ReferenceBackend();
    }
}
