package dev.tutti.nd4j;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.HostProgram;
import dev.tutti.tensor.backend.Kernel;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.backend.ProgramMemory;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import java.util.List;

/** Runs a graph as it is, instruction by instruction, with f32 arrays of ND4J between. */
final class Nd4jBackend implements Backend {
    static final String NAME = "nd4j";

    private final String build;

    /** @param build the class of ND4J's backend: {@code CpuBackend}, {@code JCublasBackend} */
    Nd4jBackend(String build) {
        this.build = build;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String numerics() {
        return NAME + ": " + build;
    }

    @Override
    public Program compile(Graph graph, ParameterBuffers buffers) {
        ProgramMemory memory = new ProgramMemory(graph, buffers);
        try {
            Arrays arrays = new Arrays(graph, memory);
            ArrayKernels kernels = new ArrayKernels(arrays);
            List<Kernel> bound = graph.instructions().stream()
                    .map(instruction -> storing(instruction, kernels.bind(instruction), arrays))
                    .toList();
            return new Nd4jProgram(new HostProgram(graph, memory, arrays::load, bound), arrays);
        } catch (Throwable e) {
            memory.close();
            throw e;
        }
    }

    /** What others read lies in the program's memory. */
    private static Kernel storing(Instruction instruction, Kernel kernel, Arrays arrays) {
        return () -> {
            kernel.run();
            instruction.results().forEach(arrays::store);
        };
    }
}
