package dev.tutti.tensor.backend.cpu;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.TrainerContract;

class CpuTrainerTest extends TrainerContract {
    @Override
    protected Backend backend() {
        return Backends.select("cpu", 1);
    }
}
