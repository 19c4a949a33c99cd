package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Always available: with oneDNN where it loads, with portable loops, which are much slower, where it does not. */
public final class CpuBackendProvider implements BackendProvider {
    private static final Logger log = LoggerFactory.getLogger(CpuBackendProvider.class);

    @Override
    public String name() {
        return CpuBackend.NAME;
    }

    @Override
    public int preference() {
        return 0;
    }

    @Override
    public Backend create(int threads) {
        if (OneDnn.isEnabled()) {
            return CpuBackend.oneDnn(threads);
        }
        log.warn("portable loops on one thread compute the matrix products, which is slow: {}", OneDnn.reason());
        return CpuBackend.portable();
    }
}
