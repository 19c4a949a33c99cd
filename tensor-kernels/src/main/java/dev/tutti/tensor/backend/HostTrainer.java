package dev.tutti.tensor.backend;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.optimizer.Averaging;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Of backends whose programs leave everything in memory of the host: updates the buffers in place. */
final class HostTrainer implements Trainer {
    private final Program program;
    private final Graph graph;
    private final ParameterBuffers buffers;
    private final SliceOptimizer optimizer;
    private final Averaging averaging = new Averaging();
    private final Arena arena = Arena.ofConfined();
    private final List<MemorySegment> state;
    private long updates;

    /** @param program of the graph; closed with this */
    HostTrainer(Program program, Graph graph, ParameterBuffers buffers, SliceOptimizer optimizer) {
        this.program = program;
        this.graph = graph;
        this.buffers = buffers;
        this.optimizer = optimizer;
        try {
            long bytes = graph.parameterElements() * Float.BYTES;
            this.state = Stream.generate(() -> arena.allocate(bytes, ParameterBuffers.BYTE_ALIGNMENT))
                    .limit(optimizer.stateSlots())
                    .toList();
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    @Override
    public MemorySegment input(String name) {
        return program.input(name);
    }

    @Override
    public MemorySegment output(String name) {
        return program.output(name);
    }

    @Override
    public void step() {
        program.run();
        update();
    }

    private void update() {
        updates++;
        List<Parameter> parameters = graph.parameters();
        for (int i = 0; i < parameters.size(); ) {
            Parameter first = parameters.get(i);
            long count = 0;
            do {
                count += parameters.get(i).elementCount();
                i++;
            } while (i < parameters.size()
                    && first.update() == parameters.get(i).update()
                    && first.rowWidth() == parameters.get(i).rowWidth());
            update(first, count);
        }
    }

    /** Parameters that follow each other, all of one kind. */
    private void update(Parameter first, long count) {
        switch (first.update()) {
            case TRAINED -> train(first.offset(), count);
            case TRAINED_ROWS -> {
                for (long row = 0; row < count; row += first.rowWidth()) {
                    if (isTouched(first.offset() + row, first.rowWidth())) {
                        train(first.offset() + row, first.rowWidth());
                    }
                }
            }
            case AVERAGED -> {
                MemorySegment parameters = slice(buffers.parameters(), first.offset(), count);
                averaging.apply(parameters, parameters, slice(buffers.gradients(), first.offset(), count), 1, count);
            }
        }
    }

    private boolean isTouched(long begin, int width) {
        for (long i = begin; i < begin + width; i++) {
            if (buffers.gradients().getAtIndex(JAVA_FLOAT, i) != 0) {
                return true;
            }
        }
        return false;
    }

    private void train(long begin, long count) {
        MemorySegment parameters = slice(buffers.parameters(), begin, count);
        optimizer.apply(
                parameters,
                parameters,
                slice(buffers.gradients(), begin, count),
                1,
                state.stream().map(slot -> slice(slot, begin, count)).toList(),
                count,
                updates);
    }

    private static MemorySegment slice(MemorySegment flat, long begin, long count) {
        return flat.asSlice(begin * Float.BYTES, count * Float.BYTES);
    }

    @Override
    public void readParameters() {
        // They are there.
    }

    @Override
    public List<Program.Timing> profile(int runs) {
        List<Program.Timing> timings = new ArrayList<>(program.profile(runs));
        long[] nanos = new long[runs];
        for (int run = 0; run < runs; run++) {
            long begin = System.nanoTime();
            update();
            nanos[run] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        timings.add(new Program.Timing("optimizer", nanos[runs / 2]));
        return timings;
    }

    @Override
    public void close() {
        program.close();
        arena.close();
    }
}
