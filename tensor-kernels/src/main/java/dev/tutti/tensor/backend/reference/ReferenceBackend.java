package dev.tutti.tensor.backend.reference;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.HostProgram;
import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.Graph;
import java.util.List;

/** Runs the graph as it is, unfused, on one thread. */
final class ReferenceBackend implements Backend {
    static final String NAME = "reference";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String numerics() {
        return NAME;
    }

    @Override
    public Program compile(Graph graph, ParameterBuffers buffers) {
        ProgramMemory memory = new ProgramMemory(graph, buffers);
        try {
            ReferenceKernels kernels = new ReferenceKernels(memory);
            List<Kernel> bound =
                    graph.instructions().stream().map(kernels::bind).toList();
            return new HostProgram(graph, memory, () -> {}, bound);
        } catch (Throwable e) {
            memory.close();
            throw e;
        }
    }
}
