package dev.tutti.tensor.backend;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A program whose kernels run one after the other on the calling thread, in the graph's order. */
public final class HostProgram implements Program {
    private static final int NO_GRADIENT = -1;

    private final Graph graph;
    private final ProgramMemory memory;
    private final Kernel prologue;
    private final Kernel[] kernels;
    /** For each instruction the parameter whose gradient it makes final. */
    private final int[] finalGradients;

    /**
     * @param memory closed with this program
     * @param prologue run before each run, on its thread
     * @param kernels one for each of the graph's instructions
     */
    public HostProgram(Graph graph, ProgramMemory memory, Kernel prologue, List<Kernel> kernels) {
        this.graph = graph;
        this.memory = memory;
        this.prologue = prologue;
        this.kernels = kernels.toArray(Kernel[]::new);
        this.finalGradients = graph.instructions().stream()
                .mapToInt(instruction -> graph.gradients().indexOf(instruction.result()))
                .toArray();
    }

    @Override
    public MemorySegment input(String name) {
        return memory.of(graph.input(name));
    }

    @Override
    public MemorySegment output(String name) {
        return memory.of(graph.output(name));
    }

    @Override
    public void run(GradientSink sink) {
        prologue.run();
        for (int i = 0; i < kernels.length; i++) {
            kernels[i].run();
            if (finalGradients[i] != NO_GRADIENT) {
                sink.gradientReady(finalGradients[i]);
            }
        }
    }

    @Override
    public Optional<String> firstNonFinite() {
        Optional<String> source = Stream.concat(graph.parameterTensors().stream(), graph.inputs().stream())
                .filter(this::isNonFinite)
                .map(Tensor::name)
                .findFirst();
        if (source.isPresent()) {
            return source;
        }
        prologue.run();
        for (int i = 0; i < kernels.length; i++) {
            kernels[i].run();
            Instruction instruction = graph.instructions().get(i);
            if (isNonFinite(instruction.result())) {
                return Optional.of(instruction.result().name());
            }
        }
        return Optional.empty();
    }

    @Override
    public long arenaByteSize() {
        return memory.blockByteSize();
    }

    @Override
    public void close() {
        memory.close();
    }

    private boolean isNonFinite(Tensor tensor) {
        Values values = new Values(memory.of(tensor), tensor.type());
        return switch (tensor.type()) {
            case I32 -> false;
            case F32, BF16 -> values.floats().anyMatch(value -> !Double.isFinite(value));
        };
    }
}
