package dev.tutti.tensor.backend;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A program whose kernels run one after the other on the calling thread, in the graph's order. */
public final class HostProgram implements Program {
    private final Graph graph;
    private final ProgramMemory memory;
    private final Kernel prologue;
    private final Kernel[] kernels;
    /** For each instruction the parameters whose gradients it makes final. */
    private final int[][] finalGradients;

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
                .map(instruction -> instruction.results().stream()
                        .mapToInt(graph.gradients()::indexOf)
                        .filter(parameter -> parameter >= 0)
                        .toArray())
                .toArray(int[][]::new);
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
            for (int parameter : finalGradients[i]) {
                sink.gradientReady(parameter);
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
            Optional<String> result = graph.instructions().get(i).results().stream()
                    .filter(this::isNonFinite)
                    .map(Tensor::name)
                    .findFirst();
            if (result.isPresent()) {
                return result;
            }
        }
        return Optional.empty();
    }

    @Override
    public List<Timing> profile(int runs) {
        long[][] nanos = new long[kernels.length][runs];
        for (int run = 0; run < runs; run++) {
            prologue.run();
            for (int i = 0; i < kernels.length; i++) {
                long begin = System.nanoTime();
                kernels[i].run();
                nanos[i][run] = System.nanoTime() - begin;
            }
        }
        List<Timing> timings = new ArrayList<>();
        for (int i = 0; i < kernels.length; i++) {
            Arrays.sort(nanos[i]);
            timings.add(new Timing(graph.instructions().get(i).toString(), nanos[i][runs / 2]));
        }
        return timings;
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
        return tensor.type().isFloat() && memory.values(tensor).doubles().anyMatch(value -> !Double.isFinite(value));
    }
}
