package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.lowering.CastFolding;
import dev.tutti.tensor.lowering.Fusion;
import dev.tutti.tensor.lowering.Transposes;

/** Programs for one GPU. */
final class CudaBackend implements Backend {
    static final String NAME = "cuda";

    private final CudaDevice device;

    CudaBackend(CudaDevice device) {
        this.device = device;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String numerics() {
        return device.numerics();
    }

    @Override
    public Program compile(Graph graph, ParameterBuffers buffers) {
        return new CudaProgram(device, CastFolding.fold(Fusion.fuse(Transposes.cancel(graph))), buffers);
    }
}
