package dev.tutti.nd4j;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendContract;

class Nd4jBackendTest extends BackendContract {
    @Override
    protected Backend backend() {
        return new Nd4jBackendProvider().create(1);
    }

    @Override
    protected boolean allocatesNothing() {
        return false;
    }
}
