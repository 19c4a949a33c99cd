package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.Trainer;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.lowering.CastFolding;
import dev.tutti.tensor.lowering.Fusion;
import dev.tutti.tensor.lowering.Transposes;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import java.lang.foreign.Arena;

/** Programs for one GPU. */
final class CudaBackend implements Backend {
    static final String NAME = "cuda";

    private final CudaDevice device;
    private final long pieceBytes;

    CudaBackend(CudaDevice device) {
        this(device, TransferPlan.PIECE_BYTES);
    }

    /** @param pieceBytes of parameters or gradients that are copied at once */
    CudaBackend(CudaDevice device, long pieceBytes) {
        this.device = device;
        this.pieceBytes = pieceBytes;
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
        return new CudaProgram(device, lowered(graph), buffers, pieceBytes);
    }

    @Override
    public Trainer trainer(Graph graph, ParameterBuffers buffers, SliceOptimizer optimizer) {
        return new CudaTrainer(device, lowered(graph), buffers, optimizer);
    }

    private static Graph lowered(Graph graph) {
        return CastFolding.fold(Fusion.fuse(Transposes.cancel(graph)));
    }

    /** Page-locked. */
    @Override
    public ParameterBuffers buffers(long elements, Arena arena) {
        long bytes = elements * Float.BYTES;
        return new ParameterBuffers(device.allocatePinned(bytes, arena), device.allocatePinned(bytes, arena));
    }
}
