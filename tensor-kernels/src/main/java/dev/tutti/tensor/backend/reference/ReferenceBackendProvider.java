package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendProvider;

/** Always available, never chosen unasked; computes on one thread however many it is given. */
public final class ReferenceBackendProvider implements BackendProvider {
    @Override
    public String name() {
        return ReferenceBackend.NAME;
    }

    @Override
    public int preference() {
        return -1;
    }

    @Override
    public Backend create(int threads) {
        return new ReferenceBackend();
    }
}
