package dev.tutti.tensor.backend;

import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.graph.Tensor;
import dev.tutti.tensor.random.CounterRandom;
import dev.tutti.tensor.random.ParameterInitialization;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/** A graph compiled for a test, with parameters, and inputs drawn from a seed. */
public final class Execution implements AutoCloseable {
    private static final long PARAMETER_SEED = 42;
    private static final String INVERSE_DEVIATIONS = "inverse";

    private final Arena arena = Arena.ofShared();
    private final Graph graph;
    private final ParameterBuffers buffers;
    private final Program program;

    public Execution(Backend backend, Graph graph) {
        this.graph = graph;
        long byteSize = Math.max(1, graph.parameterElements()) * Float.BYTES;
        this.buffers = new ParameterBuffers(arena.allocate(byteSize, 64), arena.allocate(byteSize, 64));
        for (Parameter parameter : graph.parameters()) {
            ParameterInitialization.fill(
                    PARAMETER_SEED,
                    parameter.name(),
                    parameter.initializer(),
                    0,
                    parameter.elementCount(),
                    buffers.parameters().asSlice(parameter.offset() * Float.BYTES));
        }
        this.program = backend.compile(graph, buffers);
    }

    /** Fills inputs: floats evenly in [-1, 1), inverse deviations, which are positive, in [0.5, 1.5), labels evenly in [0, classes), a gradient scale of 1/8. */
    public Execution draw(long seed, int classes) {
        CounterRandom random = new CounterRandom(seed);
        for (Tensor input : graph.inputs()) {
            Values values = input(input.name());
            long stream = CounterRandom.stream(input.name());
            for (long i = 0; i < values.count(); i++) {
                float uniform = random.uniform(stream, i);
                values.set(
                        i,
                        input.type() == ElementType.I32 ? (float) Math.floor(uniform * classes) : draw(input, uniform));
            }
        }
        return this;
    }

    private static float draw(Tensor input, float uniform) {
        if (input.name().equals(INVERSE_DEVIATIONS)) {
            return 0.5f + uniform;
        }
        return input.elementCount() == 1 ? 0.125f : 2 * uniform - 1;
    }

    public Execution run() {
        program.run();
        return this;
    }

    public Program program() {
        return program;
    }

    public Graph graph() {
        return graph;
    }

    public ParameterBuffers buffers() {
        return buffers;
    }

    public Values input(String name) {
        return Values.of(program.input(name), graph.input(name).type());
    }

    public float[] output(String name) {
        return floats(Values.of(program.output(name), graph.output(name).type()));
    }

    public Values parameter(int index) {
        return Values.of(slice(buffers.parameters(), index), ElementType.F32);
    }

    public float[] gradient(int index) {
        return floats(Values.of(slice(buffers.gradients(), index), ElementType.F32));
    }

    /** All gradients, back to back. */
    public float[] gradients() {
        return floats(Values.of(buffers.gradients(), ElementType.F32));
    }

    @Override
    public void close() {
        program.close();
        arena.close();
    }

    private MemorySegment slice(MemorySegment flat, int index) {
        Parameter parameter = graph.parameters().get(index);
        return flat.asSlice(parameter.offset() * Float.BYTES, parameter.elementCount() * Float.BYTES);
    }

    private static float[] floats(Values values) {
        float[] floats = new float[Math.toIntExact(values.count())];
        IntStream.range(0, floats.length).forEach(i -> floats[i] = (float) values.get(i));
        return floats;
    }
}
